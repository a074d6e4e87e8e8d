"""Deliver: an issue where its readers look, and to each channel once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from newswatch.digest import formats
from newswatch.errors import NewswatchError, TransientError
from newswatch.ledger import digests
from newswatch.ledger.digests import IssuedDigest
from newswatch.pipeline.installation import Newswatch, log
from newswatch.storage import paths
from newswatch.storage.files import Store

FEED_ITEMS = 30


def deliver(nw: Newswatch, day: date, number: int) -> bool:
    """Put the issue where readers look, `digests/latest.*`, unless a later one stands there, and into the feed of
    digests. False: done before."""
    with nw.ledger.begin() as connection:
        digests.lock_delivery(connection)
        if not digests.mark_delivered(connection, day, number, nw.clock()):
            return False
        show_newest(nw, connection)
    log.info("digest delivered", day=str(day), number=number)
    return True


def show_newest(nw: Newswatch, connection: sa.Connection) -> None:
    """Put the newest delivered issue at the addresses that stay, and the newest ones into the feed of digests.

    To be called with the lock of delivery. Where nothing is delivered, nothing stands there.
    """
    delivered = [d for d in digests.digests_of(connection) if d.delivered_at]
    for name in formats.FORMATS:
        if delivered:
            newest = delivered[0]
            nw.store.write(paths.latest(name), read_issued(nw.store, newest, name))
        else:
            nw.store.remove(paths.latest(name))
    told = [(d, d.record) for d in delivered if d.record][:FEED_ITEMS]
    items = [formats.FeedItem(d.day, d.number, d.issued_at, record["title"], record["summary"]) for d, record in told]
    nw.store.write(paths.DIGEST_FEED, formats.to_rss(items, nw.settings.pages_url))


def read_issued(store: Store, issued: IssuedDigest, name: str) -> bytes:
    """One of the issue's files. Raises DamagedFile where it is not as it was issued, MissingFile where it is lost."""
    path = paths.issue(issued.day, issued.number, name)
    return store.load(path, bytes, issued.files.get(path))


@dataclass(frozen=True, slots=True)
class Message:
    """An issue as it is sent to a channel."""

    day: date
    number: int
    title: str
    summary: str  # plain text
    html: str
    text: str  # Markdown
    link: str  # to its page; empty where no address is configured


def message_of(nw: Newswatch, day: date, number: int) -> Message:
    """The issue as it was issued."""
    with nw.ledger.begin() as connection:
        issued = digests.issue_of(connection, day, number)
    assert issued is not None
    assert issued.record is not None
    record = issued.record
    html, text = (read_issued(nw.store, issued, f"digest.{end}").decode() for end in ("html", "md"))
    title = record["title"] + (f" (issue {number})" if number > 1 else "")
    link = f"{nw.settings.pages_url}/digest/{day}/{number}" if nw.settings.pages_url else ""
    return Message(day, number, title, record["summary"], html, text, link)


Channel = Callable[[Message], str | None]  # returns a remark on the delivery, if there is one


@dataclass(frozen=True, slots=True)
class Sending:
    """How an issue's way to one channel ended: `delivered`, `failed`, or what was known before: `delivered_before`,
    `unknown` (an earlier try died while sending: it may have arrived, and is not sent twice)."""

    channel: str
    state: str
    detail: str = ""
    is_lasting: bool = False  # a failure that another try does not mend


def send(nw: Newswatch, message: Message, channels: Mapping[str, Channel]) -> list[Sending]:
    """Send the issue to each channel that does not have it.

    What a channel raises is kept as its failure: the others get theirs, and a later try sends to the failed ones alone.
    """
    ended = []
    for channel, take in channels.items():
        place = (message.day, message.number, channel)
        with nw.ledger.begin() as connection:
            state = digests.begin_delivery(connection, *place, nw.clock())
        if state in ("delivered", "sending"):
            ended.append(Sending(channel, "delivered_before" if state == "delivered" else "unknown"))
            continue
        try:
            sending = Sending(channel, "delivered", take(message) or "")
        except TransientError as error:
            sending = Sending(channel, "failed", str(error))
        except NewswatchError as error:
            sending = Sending(channel, "failed", str(error), is_lasting=True)
        except Exception as error:  # whatever a channel's own library raises
            sending = Sending(channel, "failed", f"{type(error).__name__}: {error}"[:300])
        with nw.ledger.begin() as connection:
            digests.end_delivery(connection, place, sending.state, sending.detail, nw.clock())
        ended.append(sending)
    return ended
