"""The bodies of the tasks: open Newswatch, call one verb, tell the UI what happened."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import get_current_context

from newswatch.text.counting import counted
from newswatch_airflow import metrics
from newswatch_airflow.ids import DAILY_DIGEST, POLL_FEEDS, RECOVER_HISTORY
from newswatch_airflow.run_notes import NOTE_KEY

if TYPE_CHECKING:
    from newswatch.pipeline import BuildReport, Newswatch


@contextmanager
def _open() -> Iterator[Newswatch]:
    from newswatch.pipeline import Gauge, open_newswatch, publish_staged
    from newswatch.settings import load_settings

    began = time.monotonic()
    nw = open_newswatch(load_settings(), keeps_last_good=True)
    try:
        publish_staged(nw)
        yield nw
    finally:
        nw.close()
        if metrics.is_on():
            ti = get_current_context()["ti"]
            tags = {"dag_id": ti.dag_id, "task_id": ti.task_id}
            metrics.emit([Gauge("task_seconds", time.monotonic() - began, tags)])


# Of leases. One for all: runs come one at a time and shards share nothing, so that a second try, or the next run after
# a killed one, goes on at once with what had been taken.
RUN_ID = POLL_FEEDS
RECOVERY_ID = RECOVER_HISTORY
MOST_SHARDS = 16  # that share out a poll by themselves: each opens the ledger and parsers of its own


def _note(text: str) -> None:
    """Leave a line for the run's note."""
    get_current_context()["ti"].xcom_push(key=NOTE_KEY, value=text)


def _name(text: str) -> None:
    """Name this mapped task instance by what it did."""
    names = cast(dict[str, Any], get_current_context())  # what map_index_template may name besides Airflow's own keys
    names["shard_name"] = text


def _counts(counts: dict[str, int], none: str = "none") -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or none


def changes(report: BuildReport) -> str:
    """The topics whose counts differ from those of the build before; nothing where there was none, or none differ."""
    before, now = report.topic_story_counts_before, report.topic_story_counts
    if before is None:
        return ""
    topics = [topic for topic in {**now, **before} if now.get(topic, 0) != before.get(topic, 0)]
    return "".join(f", {topic} {before.get(topic, 0)} → {now.get(topic, 0)}" for topic in topics)


def plan(*, only_due: bool) -> list[dict[str, Any]]:
    """Shards of a run: each with its number of all, for the hosts whose pages it fetches, and the feeds it polls."""
    from newswatch import pipeline
    from newswatch_airflow.capacity import task_slots

    with _open() as nw:
        shards = nw.settings.shards or shards_for(task_slots())
        shares = pipeline.plan_poll(nw, shards, only_due=only_due)
        if not shares:
            _note("No feed was due.")
        if nw.config_warning:
            headline = "**The edited configuration is refused, the last good one is in force.**"
            _note(f"{headline}\n\n```\n{nw.config_warning}\n```")
    polls = [{"name": share.name, "feed_ids": list(share.feed_ids)} for share in shares]
    polls += [{"name": "no feed", "feed_ids": []}] * (shards - len(polls))
    return [{"shard": number, "shards": shards, **one} for number, one in enumerate(polls)]


def shards_for(slots: int) -> int:
    """Shards of a poll where so many tasks run at a time: half of them, so that days are built meanwhile."""
    return max(1, min(slots // 2, MOST_SHARDS))


def poll(shard: dict[str, Any]) -> None:
    """Poll the shard's feeds."""
    from newswatch import pipeline

    _name(shard["name"])
    with _open() as nw:
        report = pipeline.poll(nw, shard["feed_ids"], RUN_ID)
    _name(f"{shard['name']}: {_counts(report.feed_outcomes)}")
    _note(f"Polled {shard['name']}: {_counts(report.feed_outcomes)}; entries: {_counts(report.entry_outcomes)}.")
    if report.late_count or report.held_count:
        late = counted(report.late_count, "feed")
        _note(f"Left for the next run: {late} out of time, {report.held_count} polled by others.")


def fetch(share: dict[str, Any]) -> None:
    """Fetch the pages of this shard's hosts."""
    from newswatch import pipeline

    shard, shards = share["shard"], share["shards"]
    _name(f"hosts {shard + 1} of {shards}")
    with _open() as nw:
        report = pipeline.fetch_pending(nw, RUN_ID, pipeline.Share(shard, shards))
        pages = sum(report.page_outcomes.values())
        stories = counted(report.story_count, "new story", "new stories")
        _name(f"hosts {shard + 1} of {shards}: {counted(pages, 'page')}, {stories}")
        if pages:
            _note(f"Fetched {counted(pages, 'page')}: {_counts(report.page_outcomes)}; {stories}.")
        if report.is_out_of_time:
            _note("The time for fetching was used up; the next run goes on with the rest.")
        visited = pipeline.visit_due(nw, RUN_ID, shard=shard, shards=shards)
    if visited.outcomes:
        _note(f"Looked again at {counted(sum(visited.outcomes.values()), 'story')}: {_counts(visited.outcomes)}.")


def find_past(asked: dict[str, Any]) -> list[list[str]]:
    """Look for what sites list of their past; unless it is a dry run, note what is new of it. `asked`: the params.

    An archive is only counted here. Returns the days that will be covered once all is fetched: feed id, source, first
    and last day.
    """
    from newswatch import pipeline

    if asked["archive"]:
        _read_archive(asked, is_dry_run=True)
        return []
    wanted = pipeline.PastWanted(
        names=_names(asked["feeds"]),
        first=date.fromisoformat(asked["first"]),
        last=date.fromisoformat(asked["last"]),
        kinds=() if asked["source"] == "all" else (asked["source"],),
        limit=asked["limit"],
        list_file=Path(asked["list_file"]) if asked["list_file"] else None,
    )
    with _open() as nw:
        found = pipeline.find_past(nw, wanted)
        if not asked["dry_run"]:
            pipeline.note_past(nw, found, RECOVERY_ID)
    headline, *rest = found.report.summary()  # Airflow shows a note's first line, and cuts a long one
    lines = "\n".join(f"- {line.strip()}" for line in (*rest, *found.report.source_lines()))
    _note(f"{'**Dry run:** ' if asked['dry_run'] else ''}{headline}\n\n{lines}".strip())
    return [[days.feed_id, days.kind, str(days.first), str(days.last)] for days in found.covered]


def fetch_past(asked: dict[str, Any], covered: list[list[str]], at_most: timedelta) -> None:
    """Fetch the pages that are noted of the past; then the days count as covered. `covered`: as `find_past` has it.

    Of an archive: take its pages, whatever time that takes.
    """
    from newswatch import pipeline

    if asked["archive"]:
        return _read_archive(asked, is_dry_run=False)
    with _open() as nw:
        report = pipeline.fetch_past(nw, RECOVERY_ID, at_most.total_seconds())
        listed = (
            pipeline.CoveredDays(feed_id, kind, date.fromisoformat(first), date.fromisoformat(last))
            for feed_id, kind, first, last in covered
        )
        pipeline.cover_past(nw, list(listed))
    pages, stories = sum(report.page_outcomes.values()), counted(report.story_count, "new story", "new stories")
    _note(f"Fetched {counted(pages, 'page')}: {_counts(report.page_outcomes)}; {stories}.")
    if report.is_out_of_time:
        _note("**The time was used up: trigger it again, and it goes on with the rest.**")
    return None


def _read_archive(asked: dict[str, Any], *, is_dry_run: bool) -> None:
    from newswatch import pipeline

    first, last = date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"])
    wanted = pipeline.ArchiveWanted(
        Path(asked["archive"]), first, last, _names(asked["feeds"]), is_matching=asked["matching"]
    )
    with _open() as nw:
        report = pipeline.import_archive(nw, wanted, RECOVERY_ID, is_dry_run=is_dry_run)
    stories = "nothing is read yet" if is_dry_run else counted(report.story_count, "new story", "new stories")
    faults = "".join(f"\n- **damaged:** {fault}" for fault in report.faults)
    _note(
        f"{counted(report.record_count, 'record')} in the archive; pages of the feeds' sites: "
        f"{_counts(report.page_outcomes)}; {stories}. Passed over: {_counts(report.passed_over)}.{faults}"
    )


def _names(given: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for name in given if name.strip())


def tag() -> None:
    """Say what new and edited stories mention."""
    from newswatch import pipeline

    with _open() as nw:
        report = pipeline.tag_new(nw, RUN_ID)
    if report.story_count:
        stories = counted(report.story_count, "story")
        _note(f"{stories} tagged; mentions of {_counts(report.topic_story_counts, 'no topic')}.")


def announce(events: Any) -> None:
    """Ask for a refresh of every day that was touched."""
    from newswatch import pipeline

    with _open() as nw:
        keys = [str(day) for day in pipeline.announce(nw).days]
        if keys:
            events.add_partitions(keys)
            events.extra = {"days": keys}
            _note(f"Days to refresh: {', '.join(keys)}.")
        if metrics.is_on():
            metrics.emit(pipeline.gauges(nw))


def build_tables(day: date, events: Any, *, is_reextract: bool = False) -> None:
    """Rebuild one day's tables; `is_reextract`: from stories that are first extracted anew from their stored bytes."""
    from newswatch import pipeline

    with _open() as nw:
        pipeline.refuse_days_to_come(nw, [day])
        if is_reextract:
            done = pipeline.reextract_day(nw, day, DAILY_DIGEST)
            _note(f"Read again: {counted(done.story_count, 'story')}, {done.changed_count} read otherwise now.")
        run = get_current_context()["dag_run"]
        report = pipeline.build_day(nw, day, f"{run.dag_id}/{run.run_id}")
    if metrics.is_on():
        metrics.emit(pipeline.of_waits("seconds_to_table", report.waits))
    events.add_partitions([str(day)])
    counts = {"stories": report.story_count, "changed": report.is_changed, **report.topic_story_counts}
    events.extra = {"day": str(day), **counts}
    state = f"changed{changes(report)}" if report.is_changed else "the same bytes as before"
    stories = counted(report.story_count, "story")
    _note(f"{day}: {stories}; {_counts(report.topic_story_counts, 'no topic')}. Tables: {state}.")


def issue(day: date, events: Any) -> int:
    """Issue the day's digest; returns its number."""
    from newswatch import pipeline

    run_id = get_current_context()["ti"].run_id
    with _open() as nw:
        report = pipeline.issue_digest(nw, day, f"{DAILY_DIGEST}/{run_id}")
        place = nw.store.locate(report.html_path)
    events.add_partitions([str(day)])
    events.extra = {"day": str(day), "number": report.number, "digest": place}
    _note(f"Digest of {day}, issue {report.number}: `{place}`")
    return report.number


def deliver(day: date, number: int) -> None:
    """Put the digest where its readers look, then send it to the channels that do not have it yet.

    Raises TransientError where a channel did not take it: the next try sends to that one alone. Raises NewswatchError
    where no other try would help.
    """
    from newswatch import pipeline
    from newswatch.errors import NewswatchError, TransientError
    from newswatch_airflow.notify.channels import channels

    with _open() as nw:
        is_new = pipeline.deliver(nw, day, number)
        _note(f"Issue {number} {'delivered' if is_new else 'had been delivered before'}.")
        wanted = channels(nw.settings.channels)
        sent = pipeline.send(nw, pipeline.message_of(nw, day, number), wanted) if wanted else []
    if sent:
        _note("\n".join(f"- {s.channel}: {SENT_WORDS[s.state]}{f': {s.detail}' if s.detail else ''}" for s in sent))
    failed = [s for s in sent if s.state == "failed"]
    if failed:
        kind = NewswatchError if all(s.is_lasting for s in failed) else TransientError
        raise kind("; ".join(s.detail if s.channel in s.detail else f"{s.channel}: {s.detail}" for s in failed))


SENT_WORDS = {
    "delivered": "delivered",
    "delivered_before": "had been delivered before",
    "failed": "**not delivered**",
    "unknown": "an earlier try ended while sending; it may have arrived and is not sent twice",
}


def watch() -> None:
    """Tell of feeds that turned bad or are back."""
    from newswatch import pipeline
    from newswatch_airflow.notify import notices

    sent: list[notices.Sent] = []
    with _open() as nw:
        told = pipeline.watch_feeds(nw, lambda some: sent.append(notices.tell_of_feeds(some)))
        found = pipeline.find_alternatives(nw)
    shortfall = "".join(f"**{s.shortfall}**\n\n" for s in sent if s.shortfall)  # first: a long note is cut
    lines = "\n".join(f"- {notices.line_of(notice)}" for notice in told)
    searched = "\n".join(
        f"- {site} refuses its feeds: {counted(len(open_), 'other source')} found, see the page *Feeds*"
        for site, open_ in found.items()
    )
    _note("\n\n".join(filter(None, (shortfall.strip(), lines or "No feed has turned bad or come back.", searched))))


def maintain(*, is_dry_run: bool) -> None:
    """Tidy the store and the ledger by the policy of the settings."""
    from newswatch import pipeline

    with _open() as nw:
        report = pipeline.maintain(nw, is_dry_run=is_dry_run)
    lines = [f"**{warning}**" for warning in report.warnings]  # first: a long note is cut
    for sweep in report.sweeps:
        size = "" if sweep.byte_count is None else f", {sweep.byte_count / 1e6:.1f} MB"
        lines.append(f"{'would be ' if is_dry_run else ''}{sweep.done}: {sweep.count}{size}")
    _note("\n".join(f"- {line}" for line in lines) or "Nothing was to be done in the store.")


def clean_airflow(*, is_dry_run: bool) -> None:
    """Take away Airflow's own old runs, logs and XComs."""
    from airflow.configuration import conf

    from newswatch.settings import load_settings
    from newswatch_airflow.housekeeping import clean_logs, clean_rows

    settings = load_settings()
    if not settings.airflow_days:
        _note("Airflow's own runs and logs are kept for ever.")
        return
    before = datetime.now(UTC) - timedelta(days=settings.airflow_days)
    would = "would be " if is_dry_run else ""
    logs = clean_logs(Path(conf.get_mandatory_value("logging", "base_log_folder")), before, is_dry_run=is_dry_run)
    lines = [
        f"Airflow's logs of before {before:%Y-%m-%d} {would}deleted: {logs.count}, {logs.byte_count / 1e6:.1f} MB."
    ]
    if url := settings.airflow_database_url.get_secret_value():
        rows = clean_rows(url, before, is_dry_run=is_dry_run)
        lines.append(f"Airflow's rows {would}deleted: {_counts(rows)}.")
    else:
        lines.append("Airflow's own rows are kept: NEWSWATCH_AIRFLOW_DATABASE_URL does not say where they are.")
    _note("\n".join(f"- {line}" for line in lines))
