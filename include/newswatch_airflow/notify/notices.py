"""Notices: who is told when a feed turns bad or a digest fails.

A file and the log first and always: a notice counts as told once it is in the file. Then the apprise services that are
configured, each by itself: one that does not take a message is named by its number, and not asked again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from newswatch.pipeline import Notice

NOTICES_FILE = "notices.jsonl"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a notice went. `failed`: places in NEWSWATCH_NOTIFY_URLS, from 1, of services that did not take it."""

    path: Path
    service_count: int = 0
    failed: tuple[int, ...] = ()
    file_problem: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, ("" if self.file_problem else f"Noted in {self.path}.", self.shortfall)))

    @property
    def shortfall(self) -> str:
        """What did not take it, in a sentence or two; empty: all did."""
        file = f"{NOTICES_FILE} could not be written: {self.file_problem}." if self.file_problem else ""
        return " ".join(filter(None, (file, self._failed_services())))

    def _failed_services(self) -> str:
        if not self.failed:
            return ""
        services = "notification service" if self.service_count == 1 else "notification services"
        places = ("number " if len(self.failed) == 1 else "numbers ") + ", ".join(map(str, self.failed))
        count = f"{len(self.failed)} of {self.service_count}"
        return f"{count} {services} did not take it ({places} of NEWSWATCH_NOTIFY_URLS)."


def send(title: str, lines: Sequence[str], records: Sequence[dict[str, Any]]) -> Sent:
    """Append each record to the file, then tell each configured service of it all in one message.

    Raises OSError where the file cannot be written and no service took it either: a retry then tells nobody twice.
    """
    from newswatch.settings import load_settings

    _log.warning("%s: %s", title, "; ".join(lines))
    settings = load_settings()
    path = Path(settings.home) / NOTICES_FILE
    problem = _append(path, records)
    services = settings.notify_urls.get_secret_value().split()
    failed = [n for n, service in enumerate(services, 1) if not takes(service, title, "\n".join(lines))]
    if problem and len(failed) == len(services):
        raise problem
    sent = Sent(path, len(services), tuple(failed), (problem.strerror or type(problem).__name__) if problem else "")
    if sent.shortfall:
        _log.error("%s: %s", title, sent.shortfall)
    return sent


def _append(path: Path, records: Sequence[dict[str, Any]]) -> OSError | None:
    """Put each record on a line of the file. Returns what went wrong: a full disk is one of the things to tell of."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write("".join(json.dumps({"at": at, **r}, ensure_ascii=False, default=str) + "\n" for r in records))
    except OSError as error:
        return error
    return None


def takes(service: str, title: str, body: str) -> bool:
    """Whether the service at an apprise address took the message. Never raises: the file has it already."""
    import apprise

    channel = apprise.Apprise()
    try:
        with _silenced(logging.getLogger("apprise")):  # it quotes an address that it cannot read
            is_known = channel.add(service)
        with _quiet("apprise", "urllib3"):
            return bool(is_known and channel.notify(title=title, body=body))
    except Exception as error:  # a hundred services, each with code of its own
        _log.error("a notification service failed: %s", type(error).__name__)  # its text may hold the address
        return False


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """At DEBUG these write the addresses that they ask for, tokens and all."""
    logs = [logging.getLogger(name) for name in names]
    before = [log.level for log in logs]
    for log in logs:
        log.setLevel(max(log.getEffectiveLevel(), logging.INFO))
    try:
        yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)


@contextmanager
def _silenced(log: logging.Logger) -> Iterator[None]:
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def tell_of_feeds(notices: Sequence[Notice]) -> Sent:
    """One message for all feeds that turned bad or are back."""
    bad = [n for n in notices if n.condition != "well"]
    back = [n for n in notices if n.condition == "well"]
    parts = [f"{len(some)} {_feeds(some)} {what}" for some, what in ((bad, "turned bad"), (back, "back")) if some]
    return send(f"Newswatch: {', '.join(parts)}", [line_of(n) for n in notices], [asdict(n) for n in notices])


def _feeds(some: Sequence[object]) -> str:
    return "feed" if len(some) == 1 else "feeds"


def line_of(notice: Notice) -> str:
    if notice.condition == "well":
        return f"{notice.feed_id} ({notice.outlet}) is back"
    since = f"last read {notice.succeeded_at:%Y-%m-%d %H:%M} UTC" if notice.succeeded_at else "never read"
    why = f": {notice.detail}" if notice.detail else ""
    return f"{notice.feed_id} ({notice.outlet}) is {notice.condition}, {since}{why}"


def tell_of_late_digest(context: dict[str, Any]) -> None:
    """Tell that a run of daily_digest has not ended by its deadline; called by Airflow, which gives the run as JSON.

    Only a scheduled run owes its digest at an hour.
    """
    run, deadline = context["dag_run"], context["deadline"]["deadline_time"]
    if run["run_type"] != "scheduled":
        return
    day = run["partition_key"]
    reason = f"not out at {deadline:%H:%M} UTC: the run is {run['state']}"
    notice = {"dag_id": run["dag_id"], "run_id": run["dag_run_id"], "day": day, "condition": "late", "reason": reason}
    send(f"Newswatch: the digest of {day} is late", [f"Run {run['dag_run_id']}: {reason}"], [notice])


class FailureNotice(BaseNotifier):
    """Tell of a failed run: in `notices.jsonl` in NEWSWATCH_HOME, in the log, and by apprise where configured."""

    def notify(self, context: Any) -> None:
        run = context["dag_run"]
        notice = {
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "day": getattr(run, "partition_key", None),
            "reason": str(context.get("reason") or context.get("exception") or "failed"),
        }
        title = f"Newswatch: {run.dag_id} failed for {notice['day']}"
        sent = send(title, [f"Run {run.run_id}: {notice['reason']}"], [notice])
        self.log.error("%s failed for %s (run %s). %s", run.dag_id, notice["day"], run.run_id, sent)
