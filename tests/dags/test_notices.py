"""Notices: one message to the configured service, a line a feed in the file, no secret anywhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from newswatch.pipeline import Notice

NOTICES = [
    Notice("a", "The Courier", "failing", "http://a/ answered 500", "http://a/", None),
    Notice("b", "The Ledger", "well", "", "http://b/", None),
]


Service = tuple[list[dict[str, str]], Any, str]  # what it got, its handler with the status, its apprise URL


@pytest.fixture
def service() -> Iterator[Service]:
    """A web hook on loopback that keeps what it gets and answers as told."""
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        status = 200  # of this test: the class is made anew for each

        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(Handler.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield got, Handler, f"json://user:s3cret@127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def lines(home: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (home / "notices.jsonl").read_text().splitlines()]


def test_by_default_a_notice_is_a_line_in_a_file(newswatch_environment: Path) -> None:
    from newswatch_airflow.notify.notices import tell_of_feeds

    tell_of_feeds(NOTICES)
    first, second = lines(newswatch_environment)
    assert (first["feed_id"], first["condition"], first["detail"]) == ("a", "failing", "http://a/ answered 500")
    assert (second["feed_id"], second["condition"]) == ("b", "well")


def test_a_service_gets_all_in_one_message(
    newswatch_environment: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newswatch_airflow.notify.notices import tell_of_feeds

    got, _, url = service
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", url)
    tell_of_feeds(NOTICES)
    (message,) = got
    assert message["title"] == "Newswatch: 1 feed turned bad, 1 feed back"
    assert "a (The Courier) is failing, never read: http://a/ answered 500" in message["message"]
    assert "b (The Ledger) is back" in message["message"]
    assert len(lines(newswatch_environment)) == 2


def test_a_service_that_refuses_is_named_by_its_number_and_the_file_has_the_notice(
    newswatch_environment: Path, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from newswatch_airflow.notify.notices import tell_of_feeds

    got, handler, url = service
    handler.status = 500
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", url)
    sent = tell_of_feeds(NOTICES)
    assert sent.shortfall == "1 of 1 notification service did not take it (number 1 of NEWSWATCH_NOTIFY_URLS)."
    assert len(got) == 1
    assert len(lines(newswatch_environment)) == 2
    assert "s3cret" not in caplog.text + str(sent)


@pytest.mark.parametrize("bad", ["json://user:s3cret@", "nonsense://s3cret", "s3cret", "slack://s3cret/x"])
def test_a_malformed_address_keeps_no_other_service_from_the_message(
    bad: str,
    newswatch_environment: Path,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from newswatch_airflow.notify.notices import tell_of_feeds

    got, _, url = service
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", f"{url} {bad}")
    sent = tell_of_feeds(NOTICES)
    assert sent.shortfall == "1 of 2 notification services did not take it (number 2 of NEWSWATCH_NOTIFY_URLS)."
    assert len(got) == 1
    assert len(lines(newswatch_environment)) == 2
    assert "a (The Courier) is failing" in caplog.text
    assert sent.shortfall in caplog.text
    assert "s3cret" not in caplog.text


def test_a_service_whose_code_breaks_keeps_no_other_one_from_the_message(
    newswatch_environment: Path, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import apprise

    from newswatch_airflow.notify.notices import tell_of_feeds

    def broken(self: object, address: str) -> bool:
        if "broken" in address:
            raise KeyError(address)
        return whole(self, address)

    whole = apprise.Apprise.add
    monkeypatch.setattr(apprise.Apprise, "add", broken)
    got, _, url = service
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", f"json://broken:s3cret@a {url} json://broken@b")
    sent = tell_of_feeds(NOTICES)
    assert "2 of 3 notification services did not take it (numbers 1, 3 of" in sent.shortfall
    assert len(got) == 1
    assert "s3cret" not in caplog.text


def test_a_file_that_cannot_be_written_is_an_error_only_where_nobody_else_was_told(
    newswatch_environment: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newswatch_airflow.notify.notices import tell_of_feeds

    (newswatch_environment / "notices.jsonl").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        tell_of_feeds(NOTICES)
    got, handler, url = service
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", url)
    assert tell_of_feeds(NOTICES).shortfall == "notices.jsonl could not be written: Is a directory."
    assert len(got) == 1
    handler.status = 500
    with pytest.raises(IsADirectoryError):
        tell_of_feeds(NOTICES)


def test_the_note_of_the_run_begins_with_the_service_that_failed(
    newswatch_environment: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newswatch import pipeline
    from newswatch_airflow import tasks

    def watch_feeds(_: object, tell: Callable[[list[Notice]], object]) -> list[Notice]:
        tell(NOTICES)
        return NOTICES

    notes: list[str] = []
    monkeypatch.setattr(pipeline, "watch_feeds", watch_feeds)
    monkeypatch.setattr(tasks, "_note", notes.append)
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", f"{service[2]} nonsense://x")
    tasks.watch()
    (note,) = notes
    assert note.startswith(
        "**1 of 2 notification services did not take it (number 2 of NEWSWATCH_NOTIFY_URLS).**\n\n- a"
    )


def test_a_failed_run_is_noted_though_no_service_takes_it(
    newswatch_environment: Path, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from types import SimpleNamespace

    from newswatch_airflow.notify.notices import FailureNotice

    service[1].status = 500
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", service[2])
    run = SimpleNamespace(dag_id="daily_digest", run_id="r", partition_key="2026-11-22")
    FailureNotice().notify({"dag_run": run, "reason": "task_failure"})
    (line,) = lines(newswatch_environment)
    assert (line["dag_id"], line["day"], line["reason"]) == ("daily_digest", "2026-11-22", "task_failure")
    assert "1 of 1 notification service did not take it" in caplog.text


def test_the_settings_never_show_the_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from newswatch.cli.main import main

    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", "mailto://me:s3cret@example.com")
    shown = CliRunner().invoke(main, ["settings"]).output
    assert "NEWSWATCH_NOTIFY_URLS=" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(("run_type", "count"), [("scheduled", 1), ("backfill", 0), ("manual", 0)])
def test_a_digest_that_is_late_is_told_of_and_a_backfill_never_is(
    newswatch_environment: Path, run_type: str, count: int
) -> None:
    from newswatch_airflow.notify.notices import tell_of_late_digest

    run = {"dag_id": "daily_digest", "dag_run_id": "r", "run_type": run_type, "partition_key": "2026-11-22"}
    deadline = {"id": "1", "deadline_time": datetime(2026, 11, 23, 7, tzinfo=UTC)}
    tell_of_late_digest({"dag_run": run | {"state": "running"}, "deadline": deadline})
    told = lines(newswatch_environment) if (newswatch_environment / "notices.jsonl").exists() else []
    assert [(n["day"], n["condition"], n["reason"]) for n in told] == [
        ("2026-11-22", "late", "not out at 07:00 UTC: the run is running")
    ] * count
