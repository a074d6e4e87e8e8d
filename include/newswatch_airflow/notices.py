"""Notices: who is told when a feed turns bad or a digest fails. Always a file and the log, apprise where configured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from newswatch.pipeline import Notice

NOTICES_FILE = "notices.jsonl"


def send(title: str, lines: Sequence[str], records: Sequence[dict[str, Any]]) -> Path:
    """Tell the configured services of it all in one message, then append each record to the file.

    Returns the file's path. Raises TransientError where a service did not take the message; nothing is written then.
    """
    from newswatch.errors import TransientError
    from newswatch.settings import load_settings

    settings = load_settings()
    services = settings.notify_urls.get_secret_value().split()
    if services:
        import apprise

        channel = apprise.Apprise()
        known = [channel.add(service) for service in services]
        if not all(known) or not channel.notify(title=title, body="\n".join(lines)):
            # The addresses hold secrets: they are counted, not named.
            raise TransientError(f"the notice did not get through to all of {len(services)} NEWSWATCH_NOTIFY_URLS")
    path = Path(settings.home) / NOTICES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(json.dumps({"at": at, **r}, ensure_ascii=False, default=str) + "\n" for r in records)
    return path


def tell_of_feeds(notices: Sequence[Notice]) -> None:
    """One message for all feeds that turned bad or are back."""
    bad = [n for n in notices if n.condition != "well"]
    back = [n for n in notices if n.condition == "well"]
    parts = [f"{len(some)} {_feeds(some)} {what}" for some, what in ((bad, "turned bad"), (back, "back")) if some]
    send(f"Newswatch: {', '.join(parts)}", [line_of(n) for n in notices], [asdict(n) for n in notices])


def _feeds(some: Sequence[object]) -> str:
    return "feed" if len(some) == 1 else "feeds"


def line_of(notice: Notice) -> str:
    if notice.condition == "well":
        return f"{notice.feed_id} ({notice.outlet}) is back"
    since = f"last read {notice.succeeded_at:%Y-%m-%d %H:%M} UTC" if notice.succeeded_at else "never read"
    why = f": {notice.detail}" if notice.detail else ""
    return f"{notice.feed_id} ({notice.outlet}) is {notice.condition}, {since}{why}"


class FailureNotice(BaseNotifier):
    """Tell of a failed run: by apprise where configured, in `notices.jsonl` in NEWSWATCH_HOME, and in the log."""

    def notify(self, context: Any) -> None:
        run = context["dag_run"]
        notice = {
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "day": getattr(run, "partition_key", None),
            "reason": str(context.get("reason") or context.get("exception") or "failed"),
        }
        title = f"Newswatch: {run.dag_id} failed for {notice['day']}"
        path = send(title, [f"Run {run.run_id}: {notice['reason']}"], [notice])
        self.log.error("%s failed for %s (run %s); noted in %s", run.dag_id, notice["day"], run.run_id, path)
