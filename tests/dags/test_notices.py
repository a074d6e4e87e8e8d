"""Notices: one message to the configured service, a line a feed in the file, no secret anywhere."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from newswatch.errors import TransientError
from newswatch.pipeline import Notice

NOTICES = [
    Notice("a", "The Courier", "failing", "http://a/ answered 500", "http://a/", None),
    Notice("b", "The Ledger", "well", "", "http://b/", None),
]


@pytest.fixture
def service():
    """A web hook on loopback that keeps what it gets and answers as told."""
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        status = 200

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


def test_by_default_a_notice_is_a_line_in_a_file(newswatch_environment: Path):
    from newswatch_airflow.notices import tell_of_feeds

    tell_of_feeds(NOTICES)
    first, second = lines(newswatch_environment)
    assert (first["feed_id"], first["condition"], first["detail"]) == ("a", "failing", "http://a/ answered 500")
    assert (second["feed_id"], second["condition"]) == ("b", "well")


def test_a_service_gets_all_in_one_message(newswatch_environment: Path, service, monkeypatch: pytest.MonkeyPatch):
    from newswatch_airflow.notices import tell_of_feeds

    got, _, url = service
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", url)
    tell_of_feeds(NOTICES)
    (message,) = got
    assert message["title"] == "Newswatch: 1 feed turned bad, 1 feed back"
    assert "a (The Courier) is failing, never read: http://a/ answered 500" in message["message"]
    assert "b (The Ledger) is back" in message["message"]
    assert len(lines(newswatch_environment)) == 2


def test_a_service_that_refuses_is_an_error_that_holds_no_secret_and_writes_nothing(
    newswatch_environment: Path, service, monkeypatch: pytest.MonkeyPatch
):
    from newswatch_airflow.notices import tell_of_feeds

    _, handler, url = service
    handler.status = 500
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", url)
    with pytest.raises(TransientError, match="NEWSWATCH_NOTIFY_URLS") as caught:
        tell_of_feeds(NOTICES)
    assert "s3cret" not in str(caught.value)
    assert not (newswatch_environment / "notices.jsonl").exists()


def test_the_settings_never_show_the_addresses(monkeypatch: pytest.MonkeyPatch):
    from click.testing import CliRunner

    from newswatch.cli import main

    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", "mailto://me:s3cret@example.com")
    shown = CliRunner().invoke(main, ["settings"]).output
    assert "NEWSWATCH_NOTIFY_URLS=" in shown
    assert "s3cret" not in shown
