"""Channels: a digest by mail and by apprise, over real servers on loopback; what is wrong with one is said clearly."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

import pytest
from receivers import MESSAGE, PLAIN, Connect, Hook, Mails, StartMails, take

from newswatch.errors import NewswatchError


def test_a_mail_has_a_text_and_the_digest_as_html(
    airflow_database: str, connect: Connect, start_mails: StartMails
) -> None:
    mails = start_mails()
    extra = {
        "disable_ssl": True,
        "disable_tls": True,
        "from_email": "watch@desk.example",
        "to": "a@x.example, b@x.example",
    }
    connect("desk_mail", conn_type="smtp", host="127.0.0.1", port=mails.port, extra=extra)
    take("desk_mail")
    ((sender, readers, content),) = mails.got
    mail = message_from_bytes(content, policy=policy.default)
    assert (sender, readers) == ("watch@desk.example", ["a@x.example", "b@x.example"])
    assert mail["Subject"] == MESSAGE.title
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert text.get_content().replace("\r\n", "\n").strip() == MESSAGE.text
    assert html.get_content().strip() == MESSAGE.html


def test_a_service_of_apprise_gets_the_summary_and_the_link(
    airflow_database: str, connect: Connect, hook: Hook
) -> None:
    got, _, port = hook
    connect("desk_hook", conn_type="generic", password=f"json://127.0.0.1:{port}/hook")
    take("desk_hook")
    ((_, told),) = got
    assert told["title"] == MESSAGE.title
    assert MESSAGE.summary.splitlines()[1] in told["message"]
    assert MESSAGE.link in told["message"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"conn_type": "smtp", "host": "127.0.0.1", "password": "hunter2"}, "name the sender and the readers"),
        ({"conn_type": "generic", "login": "x"}, "put the apprise URL"),
        ({"conn_type": "generic", "password": "json://127.0.0.1:9/hunter2"}, "the service did not take it"),
        ({"conn_type": "generic", "password": "nonsense-hunter2"}, "the service did not take it"),
    ],
)
def test_what_is_wrong_with_a_channel_is_said_without_its_secret(
    airflow_database: str, connect: Connect, caplog: pytest.LogCaptureFixture, fields: dict[str, object], says: str
) -> None:
    connect("desk", **fields)
    with pytest.raises(NewswatchError) as refused:
        take("desk")
    assert says in str(refused.value)
    assert "desk" in str(refused.value)
    assert "hunter2" not in str(refused.value) + caplog.text


def test_a_connection_that_is_not_there_is_named_with_the_way_out(airflow_database: str) -> None:
    with pytest.raises(NewswatchError, match=r"nowhere does not exist\. .*NEWSWATCH_CHANNELS"):
        take("nowhere")


def test_the_right_login_is_taken(connect: Connect, start_mails: StartMails) -> None:
    mails = start_mails("right")
    connect("desk", conn_type="smtp", host="127.0.0.1", port=mails.port, login="watch", password="right", extra=PLAIN)
    take("desk")
    assert len(mails.got) == 1


def test_readers_may_be_a_list_and_names_may_be_cyrillic(connect: Connect, start_mails: StartMails) -> None:
    mails = start_mails()
    extra = PLAIN | {"to": ["Редакция <a@x.example>", "b@x.example"]}
    connect("desk", conn_type="smtp", host="127.0.0.1", port=mails.port, extra=extra)
    take("desk")
    assert mails.got[0][1] == ["a@x.example", "b@x.example"]
    assert mails.mails[0]["To"] == "Редакция <a@x.example>, b@x.example"


def test_a_reader_that_the_server_refuses_among_others_is_told(
    connect: Connect, start_mails: StartMails, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(self: Mails, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
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
