"""Issues of a digest: what came late, what a re-issue corrects, who was sent what; and days as they were known."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest

from newswatch import tables
from newswatch.ledger import days, digests
from newswatch.pipeline import (
    Newswatch,
    build_as_known,
    build_day,
    deliver,
    fetch_pending,
    issue_digest,
    message_of,
    poll,
    send,
)

DAY = date(2026, 11, 20)
TEXT = "Shelling damaged homes in the northern suburbs of Donetsk on Friday, officials of the region said."


@pytest.fixture
def told(site: Any, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Any) -> Any:
    """Publishes stories on DAY, each seen at the hour that is given; and the Newswatch that reads them."""
    nw = make_newswatch(site_config, pages_url="https://desk.example/newswatch")
    items: list[str] = []

    def tell(path: str, at: datetime, body: str = TEXT) -> None:
        clock.now = at
        head = '<meta property="article:published_time" content="2026-11-20T08:00:00Z">'
        site.page(path, head=head, title=f"Report {path} from Donetsk")
        status, headers, html = site.answers[path]
        site.answers[path] = (status, headers, html.replace(b"<h1>", f"<p>{body}</p><h1>".encode(), 1))
        items.append(site.item(path))
        site.feed(*items)
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")

    nw.tell = tell if False else None  # type: ignore[attr-defined]
    return nw, tell


def html(nw: Newswatch, day: date, number: int = 1) -> str:
    return nw.store.read(f"digests/{day}/issue-{number}/digest.html").decode()


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)
