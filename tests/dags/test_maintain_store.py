"""The tasks of maintain_store: Airflow's old rows and logs go, young ones stay, and the run's note says so."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newswatch.errors import TransientError
from newswatch_airflow.housekeeping import OldLogs, clean_logs, clean_rows

NOW = datetime.now(UTC)
BEFORE = NOW - timedelta(days=90)


def test_airflows_old_rows_go_and_young_ones_stay(airflow_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = sa.create_engine(airflow_database)
    events = sa.table("log", *map(sa.column, ("dttm", "event")))
    with engine.begin() as connection:
        connection.execute(sa.delete(events))
        rows = [{"dttm": NOW - timedelta(days=days), "event": f"{days} days old"} for days in (1, 89, 91, 400)]
        connection.execute(sa.insert(events), rows)
    # As in a task, from which Airflow takes the address.
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "airflow-db-not-allowed:///")
    assert clean_rows(airflow_database, BEFORE, is_dry_run=True) == {"log": 2}
    assert clean_rows(airflow_database, BEFORE, is_dry_run=False) == {"log": 2}
    with engine.begin() as connection:
        left = sorted(connection.scalars(sa.select(events.c.event).where(events.c.event.endswith("days old"))))
    assert left == ["1 days old", "89 days old"]
    assert not [name for name in sa.inspect(engine).get_table_names() if name.startswith("_airflow_deleted")]
    engine.dispose()


def test_a_database_that_does_not_answer_is_tried_again_without_its_password_in_the_error() -> None:
    with pytest.raises(TransientError, match="airflow db clean failed") as caught:
        clean_rows("postgresql+psycopg2://me:s3cret@127.0.0.1:1/airflow", BEFORE, is_dry_run=True)
    assert "s3cret" not in str(caught.value)


def test_old_logs_go_with_their_folders(tmp_path: Path) -> None:
    old, young = tmp_path / "dag_id=a" / "run_id=1" / "attempt=1.log", tmp_path / "dag_id=a" / "run_id=2" / "a.log"
    for path in (old, young):
        path.parent.mkdir(parents=True)
        path.write_text("a line\n")
    for path in (old, old.parent):
        os.utime(path, (0, 0))
    assert clean_logs(tmp_path, BEFORE, is_dry_run=True) == OldLogs(1, 7)
    assert old.exists()
    assert clean_logs(tmp_path, BEFORE, is_dry_run=False) == OldLogs(1, 7)
    assert not old.parent.exists()
    assert young.exists()
    assert clean_logs(tmp_path / "none", BEFORE, is_dry_run=False) == OldLogs(0, 0)


def test_the_note_says_what_was_done(newswatch_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from newswatch_airflow import tasks

    notes: list[str] = []
    monkeypatch.setattr(tasks, "_note", notes.append)
    monkeypatch.setenv("NEWSWATCH_LOW_DISK_BYTES", "1")
    tasks.maintain(is_dry_run=False)
    assert notes.pop() == "Nothing was to be done in the store."
    left = Path(os.environ["NEWSWATCH_DATA_URL"], "raw", "_ab.tmp")
    left.parent.mkdir(parents=True)
    left.write_bytes(bytes(100_000))
    os.utime(left, (0, 0))
    monkeypatch.setenv("NEWSWATCH_LOW_DISK_BYTES", str(1 << 60))
    tasks.maintain(is_dry_run=True)
    warned, swept = notes.pop().split("\n- ")[-2:]
    assert "GB left" in warned
    assert swept == "would be taken away: temporary files of killed writers: 1, 0.1 MB"
    tasks.clean_airflow(is_dry_run=True)
    logs, rows = notes[0].split("\n")
    assert logs.endswith("would be deleted: 0, 0.0 MB.")
    assert "NEWSWATCH_AIRFLOW_DATABASE_URL" in rows
    monkeypatch.setenv("NEWSWATCH_AIRFLOW_DAYS", "0")
    tasks.clean_airflow(is_dry_run=True)
    assert notes[1] == "Airflow's own runs and logs are kept for ever."
