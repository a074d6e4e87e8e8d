"""Recovery of a feed's past from what its site lists: sitemaps, WordPress' interface, pages that follow a feed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from newsroom import past
from newsroom.server import Newsroom
from newsroom.stories import stories_between
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, poll
from newswatch.pipeline.recover import PastWanted, fetch_past, list_past

RUN = "recovery"


def stories_of(nw: Newswatch) -> dict[str, tuple[date, str | None]]:
    """Day and `via` of each story, by its path."""
    with nw.ledger.begin() as connection:
        rows = connection.execute(sa.select(t.stories.c.canonical_url, t.stories.c.day, t.stories.c.via))
        return {"/" + url.split("/", 3)[3]: (day, via) for url, day, via in rows}


def printed(outlet: str, first: date, last: date) -> set[str]:
    return {story.path for story in stories_between(first, last) if story.outlet_id == outlet}


def test_wip(nw: Newswatch, newsroom: Newsroom) -> None:
    today = nw.day_of(nw.clock())
    poll(nw, ["meridian-latest", "ranok", "vale-ledger"], RUN)
    first, last = today - timedelta(days=60), today - timedelta(days=31)
    for feed in ("vale-ledger", "meridian-latest", "ranok"):
        report = list_past(nw, PastWanted((feed,), first, last), RUN, is_dry_run=True)
        print(report)
    report = list_past(nw, PastWanted(("vale-ledger", "meridian-latest", "ranok"), first, last), RUN, is_dry_run=False)
    print(report)
    print(fetch_past(nw, RUN, 60))
    got = stories_of(nw)
    for outlet in ("ledger", "meridian", "ranok"):
        want = printed(outlet, first, last)
        print(outlet, len(want), len(want - got.keys()))
    assert 0
