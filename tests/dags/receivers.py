"""A mail server on loopback, and what it took; a message, and how a channel is made to take it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from newswatch.pipeline import Message

MESSAGE = Message(
    day=date(2026, 11, 20),
    number=2,
    title="Newswatch, Friday 20 November 2026 (issue 2)",
    summary="21 stories from 10 outlets.\nDonetsk: 2 (usually 2 on a Friday)",
    html="<!doctype html><html><body><h1>Friday</h1><p>Донецк</p></body></html>",
    text="# Friday\n\nДонецк",
    link="https://desk.example/newswatch/digest/2026-11-20/2",
)
PLAIN = {"disable_ssl": True, "disable_tls": True, "from_email": "Newswatch <watch@desk.example>", "to": "a@x.example"}


class Mails(Controller):
    """Takes mail on a port of the system's; `login`: the password that it wants, None: it asks for none."""

    def __init__(self, password: str | None = None) -> None:
        self.got: list[tuple[str, list[str], bytes]] = []
        self.password = password
        wants = {"authenticator": self.check, "auth_require_tls": False} if password else {}
        super().__init__(self, hostname="127.0.0.1", port=0, **wants)

    def check(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password.decode() == self.password, handled=False)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=policy.default) for _, _, content in self.got]


StartMails = Callable[..., Mails]
Hook = tuple[list[tuple[str, dict[str, str]]], dict[str, int], int]  # what it got, statuses by path, its port
Connect = Callable[..., None]


def take(conn_id: str, message: Message = MESSAGE) -> str | None:
    from newswatch_airflow.notify.channels import channels

    return channels(conn_id)[conn_id](message)
