"""Channels: Airflow connections to which digests are sent. Secrets stay in the connections."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newswatch.pipeline import Message

Channel = Callable[["Message"], None]


class ChannelError(Exception):
    """A channel that is not set up, or did not take the message; never with the connection's secret in it."""


def channels(ids: str) -> dict[str, Channel]:
    """Connection id → what sends a message there. A connection that cannot be used raises when it is."""
    return {conn_id: _channel(conn_id) for conn_id in dict.fromkeys(ids.split())}


def _channel(conn_id: str) -> Channel:
    def take(message: Message) -> None:
        from airflow.sdk import Connection

        connection = Connection.get(conn_id)
        if connection.conn_type == "smtp":
            _mail(conn_id, connection, message)
        else:
            _notify(conn_id, connection, message)

    return take


def _mail(conn_id: str, connection: Any, message: Message) -> None:
    """By SMTP, as the connection says: host, port, login, and in its extra `from_email` and `to`."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    extra = connection.extra_dejson
    sender, readers = extra.get("from_email"), extra.get("to")
    if not sender or not readers:
        raise ChannelError(
            f'connection {conn_id}: name the sender and the readers in its extra: {{"from_email": "newswatch@…", '
            f'"to": "desk@…, editor@…"}}'
        )
    mail = EmailMessage()
    mail["Subject"] = message.title
    mail["From"] = sender
    mail["To"] = ", ".join(readers) if isinstance(readers, list) else readers
    mail["Message-ID"] = f"<newswatch-{message.day}-{message.number}-{conn_id}@{sender.rpartition('@')[2].rstrip('>')}>"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    with SmtpHook(smtp_conn_id=conn_id) as hook:
        hook._smtp_client.send_message(mail)  # the hook's own methods know one part alone


def _notify(conn_id: str, connection: Any, message: Message) -> None:
    """By apprise, whose URL is the connection's password: Airflow masks it wherever it would show."""
    from newswatch_airflow.notices import takes

    services = (connection.password or "").split()
    if not services:
        raise ChannelError(f"connection {conn_id}: put the apprise URL, such as slack://…, into its password")
    body = "\n\n".join(filter(None, (message.summary, message.link)))
    failed = [number for number, service in enumerate(services, 1) if not takes(service, message.title, body)]
    if failed:
        raise ChannelError(
            f"connection {conn_id}: {len(failed)} of {len(services)} services did not take it; the task's log says more"
        )
