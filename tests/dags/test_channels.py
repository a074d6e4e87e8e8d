"""Channels: a digest by mail and by apprise, over real servers on loopback; what is wrong with one is said clearly."""

from __future__ import annotations

import json
import threading
from datetime import date
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newswatch.errors import NewswatchError
from newswatch.pipeline import Message
from newswatch_airflow.local.environment import free_port

MESSAGE = Message(
    day=date(2026, 11, 20),
    number=2,
    title="Newswatch, Friday 20 November 2026 (corrected, issue 2)",
    summary="21 stories from 10 outlets.\nDonetsk: 2 (usually 2 on a Friday)",
    html="<!doctype html><html><body><h1>Friday</h1><p>Донецк</p></body></html>",
    text="# Friday\n\nДонецк",
    link="https://desk.example/newswatch/digest/2026-11-20/2",
)


@pytest.fixture
def mails():
    """A mail server on loopback, and what it took."""
    from aiosmtpd.controller import Controller

    class Box:
        def __init__(self) -> None:
            self.got: list[tuple[str, list[str], bytes]] = []

        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
            self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
            return "250 OK"

    box = Box()
    port = free_port()  # the controller tries its own port, and cannot try 0
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def hook():
    """A web hook on loopback, and what it was sent."""
    got: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield got, server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch):
    """Sets a connection as Airflow reads it from the environment."""

    def set_one(conn_id: str, **fields: object) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    return set_one


def take(conn_id: str) -> None:
    from newswatch_airflow.notify.channels import channels

    channels(conn_id)[conn_id](MESSAGE)


def test_a_mail_has_a_text_and_the_digest_as_html(airflow_database, connect, mails):
    box, port = mails
    extra = {
        "disable_ssl": True,
        "disable_tls": True,
        "from_email": "watch@desk.example",
        "to": "a@x.example, b@x.example",
    }
    connect("desk_mail", conn_type="smtp", host="127.0.0.1", port=port, extra=extra)
    take("desk_mail")
    ((sender, readers, content),) = box.got
    mail = message_from_bytes(content, policy=policy.default)
    assert (sender, readers) == ("watch@desk.example", ["a@x.example", "b@x.example"])
    assert mail["Subject"] == MESSAGE.title
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert text.get_content().replace("\r\n", "\n").strip() == MESSAGE.text
    assert html.get_content().strip() == MESSAGE.html


def test_a_service_of_apprise_gets_the_summary_and_the_link(airflow_database, connect, hook):
    got, port = hook
    connect("desk_hook", conn_type="generic", password=f"json://127.0.0.1:{port}/hook")
    take("desk_hook")
    assert got[0]["title"] == MESSAGE.title
    assert MESSAGE.summary.splitlines()[1] in str(got[0]["message"])
    assert MESSAGE.link in str(got[0]["message"])


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"conn_type": "smtp", "host": "127.0.0.1", "password": "hunter2"}, "name the sender and the readers"),
        ({"conn_type": "generic", "login": "x"}, "put the apprise URL"),
        ({"conn_type": "generic", "password": "json://127.0.0.1:9/hunter2"}, "the service did not take it"),
        ({"conn_type": "generic", "password": "nonsense-hunter2"}, "the service did not take it"),
    ],
)
def test_what_is_wrong_with_a_channel_is_said_without_its_secret(airflow_database, connect, caplog, fields, says):
    connect("desk", **fields)
    with pytest.raises(NewswatchError) as refused:
        take("desk")
    assert says in str(refused.value)
    assert "desk" in str(refused.value)
    assert "hunter2" not in str(refused.value) + caplog.text


def test_a_connection_that_is_not_there_is_named_with_the_way_out(airflow_database):
    with pytest.raises(NewswatchError, match=r"nowhere does not exist\. .*NEWSWATCH_CHANNELS"):
        take("nowhere")
