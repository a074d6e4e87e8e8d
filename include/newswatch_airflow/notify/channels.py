"""Channels: Airflow connections to which digests are sent. Secrets stay in the connections."""

from __future__ import annotations

from email.message import EmailMessage
from smtplib import SMTP
from typing import TYPE_CHECKING, Any, cast

from newswatch.errors import NewswatchError, TransientError

if TYPE_CHECKING:
    from newswatch.pipeline import Channel, Message


class ChannelNotSetUp(NewswatchError):
    """A connection that cannot be used as it is: another try does not help, an edit does."""


def channels(ids: str) -> dict[str, Channel]:
    """Channel → what sends a message there: a connection is one, or, where it holds several services, each of them.

    A connection that cannot be used is a channel that raises ChannelNotSetUp.
    """
    found: dict[str, Channel] = {}
    for conn_id in dict.fromkeys(ids.split()):
        try:
            found |= _of_connection(conn_id)
        except ChannelNotSetUp as error:
            found[conn_id] = _broken(str(error))
    return found


def _of_connection(conn_id: str) -> dict[str, Channel]:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = Connection.get(conn_id)
    except AirflowNotFoundException:
        raise ChannelNotSetUp(
            f"connection {conn_id} does not exist. Add it under Admin, Connections (or `airflow connections add`), or "
            "take it out of NEWSWATCH_CHANNELS."
        ) from None
    if connection.conn_type == "smtp":
        return {conn_id: _mail(conn_id, connection)}
    services = (connection.password or "").split()
    if not services:
        raise ChannelNotSetUp(f"connection {conn_id}: put the apprise URL, such as slack://…, into its password.")
    if len(services) == 1:
        return {conn_id: _notify(conn_id, services[0])}
    return {f"{conn_id}/{n}": _notify(f"{conn_id}/{n}", service) for n, service in enumerate(services, 1)}


def _broken(why: str) -> Channel:
    def take(message: Message) -> str:
        raise ChannelNotSetUp(why)

    return take


def _mail(conn_id: str, connection: Any) -> Channel:
    """By SMTP, as the connection says: host, port, login, and in its extra `from_email` and `to`."""
    extra = connection.extra_dejson
    sender, readers = extra.get("from_email"), extra.get("to")
    if not sender or not readers:
        raise ChannelNotSetUp(
            f'connection {conn_id}: name the sender and the readers in its extra: {{"from_email": "newswatch@…", '
            f'"to": "desk@…, editor@…"}}.'
        )

    def take(message: Message) -> str:
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        mail = EmailMessage()
        mail["Subject"] = message.title
        mail["From"] = sender
        mail["To"] = ", ".join(readers) if isinstance(readers, list) else readers
        host = sender.rpartition("@")[2].rstrip(">")
        mail["Message-ID"] = f"<newswatch-{message.day}-{message.number}-{conn_id}@{host}>"
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        with SmtpHook(smtp_conn_id=conn_id) as hook:
            client = cast(SMTP, hook._smtp_client)  # the hook's own methods know one part alone
            refused = client.send_message(mail)
        return f"but the server refused {', '.join(sorted(refused))}" if refused else ""

    return take


def _notify(name: str, service: str) -> Channel:
    """By apprise, whose URL is the connection's password, or one of several in it."""

    def take(message: Message) -> str:
        from newswatch_airflow.notify.notices import takes

        body = "\n\n".join(filter(None, (message.summary, message.link)))
        if not takes(service, message.title, body):
            raise TransientError(f"connection {name}: the service did not take it; the task's log says more.")
        return ""

    return take
