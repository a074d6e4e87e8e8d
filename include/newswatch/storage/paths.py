"""Paths of files below the data folder's root, with `/`: each is built here and nowhere else."""

from __future__ import annotations

from datetime import UTC, date, datetime

DIGEST_FEED = "digests/feed.xml"
STAGED = "tables/_staged"  # a folder a day
ORPHANS = "quarantine/orphans"  # a folder a day, named after the day on which its files were put there
LOSS_NOTE = ".lost.json"
RESTORING = "_restoring.json"  # there while a restore is under way: which backup it is of


def raw_feeds(day: date, batch_id: str) -> str:
    """Bytes of the feeds that a batch polled, by the day of the poll."""
    return f"raw/feeds/{day}/{batch_id}.warc.gz"


def raw_pages(day: date, batch_id: str) -> str:
    """Bytes of the pages that a batch fetched, by the day of the fetch."""
    return f"raw/pages/{day}/{batch_id}.warc.gz"


def batch(table: str, day: date, batch_id: str) -> str:
    """Rows of a batch; stories by their own day, all else by the day of the batch."""
    return f"batches/{table}/{day}/{batch_id}.parquet"


def compacted(table: str, day: date, sha256: str) -> str:
    """Rows of several batches of a day. `sha256`: of the file, so that a second try writes the same one."""
    return f"batches/{table}/{day}/compacted-{sha256[:32]}.parquet"


def table(name: str, day: date) -> str:
    """One of a day's tables, as readers of the folder find it."""
    return f"tables/{name}/{day}.parquet"


def staged_table(name: str, day: date) -> str:
    """One of a day's tables before it is put in its place."""
    return f"{STAGED}/{day}/{name}.parquet"


def as_known(at: datetime) -> str:
    """The folder of the tables as they were known at the moment `at` (in any zone); its layout is that of `tables`."""
    return f"as-known/{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def as_known_table(at: datetime, name: str, day: date) -> str:
    """One day's table in the folder `as_known`."""
    return f"{as_known(at)}/{name}/{day}.parquet"


def issue(day: date, number: int, name: str) -> str:
    """A file of one issue of a day's digest; never replaced."""
    return f"digests/{day}/issue-{number}/{name}"


def digest(day: date, name: str) -> str:
    """A file of the newest issue of a day's digest, at an address that stays."""
    return f"digests/{day}/{name}"


def latest(name: str) -> str:
    """A file of the newest delivered digest, at an address that stays: `digest.html` as `digests/latest.html`."""
    return f"digests/{name.replace('digest', 'latest')}"


def quarantined(path: str) -> str:
    """Where a repair puts a file that cannot be used any more."""
    return f"quarantine/{path}"


def loss_note(path: str) -> str:
    """What a repair says of such a file: what is lost with it."""
    return f"quarantine/{path}{LOSS_NOTE}"


def orphan(day: date, path: str) -> str:
    """Where maintenance puts a file that the ledger does not name. `day`: of when it does so, UTC."""
    return f"{ORPHANS}/{day}/{path}"
