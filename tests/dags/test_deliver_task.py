"""The task that delivers: each service once, what failed again, no secret in errors, notes and logs."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from receivers import MESSAGE, PLAIN, Connect, Hook, StartMails

from newswatch.errors import NewswatchError, TransientError
from newswatch.pipeline import build_day, issue_digest, open_newswatch
from newswatch.settings import load_settings

DAY = MESSAGE.day


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
    notes: list[str],
    connect: Connect,
    start_mails: StartMails,
    hook: Hook,
    monkeypatch: pytest.MonkeyPatch,
    newswatch_environment: Path,
) -> None:
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
    assert mails.mails[1]["Subject"] == "Newswatch, Friday 20 November 2026 (issue 2)"
    assert "This is issue 2" in mails.mails[1].get_body(("html",)).get_content()
    assert got[1][1]["title"].endswith("(issue 2)")
    assert mails.mails[0]["Message-ID"] != mails.mails[1]["Message-ID"]


def test_a_channel_that_failed_alone_is_tried_again(
    notes: list[str], connect: Connect, start_mails: StartMails, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    notes: list[str], connect: Connect, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    level: int,
    notes: list[str],
    connect: Connect,
    start_mails: StartMails,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
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


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG], ids=["info", "debug"])
@pytest.mark.parametrize("is_there", [True, False], ids=["refusing", "unreachable"])
def test_a_hook_that_takes_nothing_shows_no_token(
    level: int,
    is_there: bool,
    notes: list[str],
    connect: Connect,
    hook: Hook,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
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


def test_a_missing_connection_is_named_with_the_way_out(notes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_connection_that_lacks_something_is_named_with_what_to_write(
    fields: dict[str, object], says: str, notes: list[str], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("desk", **fields)
    monkeypatch.setenv("NEWSWATCH_CHANNELS", "desk")
    with pytest.raises(NewswatchError, match=r"^connection desk: ") as refused:
        deliver()
    assert says in str(refused.value)
