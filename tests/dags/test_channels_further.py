"""Channels, further: through the task itself, refused logins, secrets in errors and logs."""

from __future__ import annotations

import json
import logging
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from test_channels import MESSAGE

from newswatch.errors import NewswatchError, TransientError
from newswatch.pipeline import Message, build_day, issue_digest, open_newswatch
from newswatch.settings import load_settings

DAY = MESSAGE.day
PLAIN = {"disable_ssl": True, "disable_tls": True, "from_email": "Newswatch <watch@desk.example>", "to": "a@x.example"}


class Mails(Controller):
    """Takes mail on a port of the system's; `login`: the password that it wants, None: it asks for none."""

    def __init__(self, password: str | None = None) -> None:
        self.got: list[tuple[str, list[str], bytes]] = []
        self.password = password
        wants = {"authenticator": self.check, "auth_require_tls": False} if password else {}
        super().__init__(self, hostname="127.0.0.1", port=0, **wants)

    def check(self, server, session, envelope, mechanism, data) -> AuthResult:
        return AuthResult(success=data.password.decode() == self.password, handled=False)

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    @property
    def mails(self):
        return [message_from_bytes(content, policy=policy.default) for _, _, content in self.got]


@pytest.fixture
def start_mails():
    started: list[Mails] = []

    def start(password: str | None = None) -> Mails:
        server = Mails(password)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def hook():
    """A web hook: what it got, and the status that it answers with, by path."""
    got: list[tuple[str, dict[str, str]]] = []
    status: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status.get(self.path, 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield got, status, server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch):
    def set_one(conn_id: str, **fields: object) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    return set_one


def take(conn_id: str, message: Message = MESSAGE) -> str | None:
    from newswatch_airflow.notify.channels import channels

    return channels(conn_id)[conn_id](message)


@pytest.fixture
def notes(newswatch_environment: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the task would leave in its run's note. Two digests of DAY stand issued."""
    from newswatch_airflow import tasks

    nw = open_newswatch(load_settings())
    build_day(nw, DAY)
    for issuer in ("first", "second"):
        issue_digest(nw, DAY, issuer)
    nw.close()
    found: list[str] = []
    monkeypatch.setattr(tasks, "_note", found.append)
    return found


def deliver(number: int = 1) -> None:
    from newswatch_airflow import tasks

    tasks.deliver(DAY, number)


def digest(home: Path, name: str, number: int = 1) -> str:
    return Path(load_settings().data_url, f"digests/{DAY}/issue-{number}/{name}").read_text()


def test_the_task_mails_the_issue_and_tells_the_hook_once(
    notes: list[str], connect, start_mails, hook, monkeypatch, newswatch_environment: Path
):
    mails, (got, _, port) = start_mails(), hook
    connect("desk_mail", conn_type="smtp", host="127.0.0.1", port=mails.port, extra=PLAIN)
    connect("desk_hook", conn_type="generic", password=f"json://127.0.0.1:{port}/hook")
    monkeypatch.setenv("NEWSWATCH_CHANNELS", "desk_mail desk_hook desk_mail")
    monkeypatch.setenv("NEWSWATCH_PAGES_URL", "https://desk.example/newswatch")
    deliver()
    deliver()
    assert notes[-1] == "- desk_mail: had been delivered before\n- desk_hook: had been delivered before"
    assert notes[1] == "- desk_mail: delivered\n- desk_hook: delivered"
    (mail,) = mails.mails
    assert mails.got[0][:2] == ("watch@desk.example", ["a@x.example"])
    assert (mail["From"], mail["To"]) == (PLAIN["from_email"], PLAIN["to"])
    assert mail["Subject"] == "Newswatch, Friday 20 November 2026"
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().split() == digest(newswatch_environment, "digest.md").split()
    assert html.get_content().split() == digest(newswatch_environment, "digest.html").split()
    ((_, told),) = got
    assert told["title"] == "Newswatch, Friday 20 November 2026"
    assert "0 stories from 0 outlets." in told["message"]
    assert f"https://desk.example/newswatch/digest/{DAY}/1" in told["message"]
    deliver(2)
    assert mails.mails[1]["Subject"] == "Newswatch, Friday 20 November 2026 (corrected, issue 2)"
    assert "This is issue 2" in mails.mails[1].get_body(("html",)).get_content()
    assert got[1][1]["title"].endswith("(corrected, issue 2)")
    assert mails.mails[0]["Message-ID"] != mails.mails[1]["Message-ID"]


def test_a_channel_that_failed_alone_is_tried_again(notes: list[str], connect, start_mails, hook, monkeypatch):
    mails, (got, status, port) = start_mails(), hook
    connect("desk_mail", conn_type="smtp", host="127.0.0.1", port=mails.port, extra=PLAIN)
    connect("desk_hook", conn_type="generic", password=f"json://127.0.0.1:{port}/hook")
    monkeypatch.setenv("NEWSWATCH_CHANNELS", "desk_hook desk_mail")
    status["/hook"] = 503
    with pytest.raises(TransientError, match=r"^connection desk_hook: the service did not take it"):
        deliver()
    assert "desk_hook: **not delivered**" in notes[-1]
    status.clear()
    deliver()
    assert "desk_hook: delivered" in notes[-1]
    assert (len(mails.got), len(got)) == (1, 2)


def test_a_service_that_took_it_is_not_told_twice_because_its_neighbour_in_the_connection_failed(
    notes: list[str], connect, hook, monkeypatch
):
    got, status, port = hook
    connect("desk", conn_type="generic", password=f"json://127.0.0.1:{port}/well json://127.0.0.1:{port}/bad")
    monkeypatch.setenv("NEWSWATCH_CHANNELS", "desk")
    status["/bad"] = 503
    with pytest.raises(TransientError, match=r"^connection desk/2: the service did not take it"):
        deliver()
    status.clear()
    deliver()
    assert [path for path, _ in got].count("/well") == 1


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG], ids=["info", "debug"])
def test_a_refused_login_shows_no_password(
    level, notes: list[str], connect, start_mails, monkeypatch, caplog: pytest.LogCaptureFixture, capfd
):
    caplog.set_level(level)
    monkeypatch.setattr(logging.getLogger("mail.log"), "disabled", True)  # the server's own, which shows what it hears
    mails = start_mails("right")
    connect(
        "desk",
        conn_type="smtp",
        host="127.0.0.1",
        port=mails.port,
        login="watch",
        password="hunter2secret",
        extra=PLAIN,
    )
    monkeypatch.setenv("NEWSWATCH_CHANNELS", "desk")
    with pytest.raises(TransientError, match=r"desk: SMTPAuthenticationError: \(535") as refused:
        deliver()
    assert mails.got == []
    shown = str(refused.value) + caplog.text + "".join(notes) + "".join(capfd.readouterr())
    assert "hunter2secret" not in shown
    assert "aHVudGVyMnNlY3JldA" not in shown


def test_the_right_login_is_taken(connect, start_mails):
    mails = start_mails("right")
    connect("desk", conn_type="smtp", host="127.0.0.1", port=mails.port, login="watch", password="right", extra=PLAIN)
    take("desk")
    assert len(mails.got) == 1


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG], ids=["info", "debug"])
@pytest.mark.parametrize("is_there", [True, False], ids=["refusing", "unreachable"])
def test_a_hook_that_takes_nothing_shows_no_token(
    level, is_there, notes, connect, hook, monkeypatch, caplog: pytest.LogCaptureFixture, capfd
):
    caplog.set_level(level)
    _, status, port = hook
    status["/t0ken-hunter2"] = 500
    address = f"json://user:s3cret-pass@127.0.0.1:{port if is_there else 9}/t0ken-hunter2"
    connect("desk", conn_type="generic", password=address)
    monkeypatch.setenv("NEWSWATCH_CHANNELS", "desk")
    with pytest.raises(TransientError, match=r"^connection desk: the service did not take it") as refused:
        deliver()
    shown = str(refused.value) + caplog.text + "".join(notes) + "".join(capfd.readouterr())
    assert "t0ken-hunter2" not in shown
    assert "s3cret-pass" not in shown


def test_a_missing_connection_is_named_with_the_way_out(notes: list[str], monkeypatch):
    monkeypatch.setenv("NEWSWATCH_CHANNELS", "nowhere")
    with pytest.raises(NewswatchError, match=r"^connection nowhere does not exist") as refused:
        deliver()
    told = str(refused.value)
    assert "NEWSWATCH_CHANNELS" in told or "connections add" in told or "Admin" in told, told


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"conn_type": "smtp", "host": "127.0.0.1", "extra": PLAIN | {"to": ""}}, '"to": "desk@…, editor@…"'),
        ({"conn_type": "smtp", "host": "127.0.0.1"}, "name the sender and the readers in its extra"),
        ({"conn_type": "generic"}, "put the apprise URL, such as slack://…, into its password"),
    ],
)
def test_a_connection_that_lacks_something_is_named_with_what_to_write(fields, says, notes, connect, monkeypatch):
    connect("desk", **fields)
    monkeypatch.setenv("NEWSWATCH_CHANNELS", "desk")
    with pytest.raises(NewswatchError, match=r"^connection desk: ") as refused:
        deliver()
    assert says in str(refused.value)


def test_readers_may_be_a_list_and_names_may_be_cyrillic(connect, start_mails):
    mails = start_mails()
    extra = PLAIN | {"to": ["Редакция <a@x.example>", "b@x.example"]}
    connect("desk", conn_type="smtp", host="127.0.0.1", port=mails.port, extra=extra)
    take("desk")
    assert mails.got[0][1] == ["a@x.example", "b@x.example"]
    assert mails.mails[0]["To"] == "Редакция <a@x.example>, b@x.example"


def test_a_reader_that_the_server_refuses_among_others_is_told(connect, start_mails, monkeypatch):
    async def refuses(self, server, session, envelope, address, options):
        if address.startswith("gone"):
            return "550 no such reader"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    monkeypatch.setattr(Mails, "handle_RCPT", refuses, raising=False)
    mails = start_mails()
    extra = PLAIN | {"to": "a@x.example, gone@x.example"}
    connect("desk", conn_type="smtp", host="127.0.0.1", port=mails.port, extra=extra)
    remark = take("desk")
    assert remark == "but the server refused gone@x.example"
    assert len(mails.got) == 1
