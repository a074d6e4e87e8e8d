"""Feeds that are well formed one by one, looked at together; and addresses that no poll would ever ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newswatch.net import ip_policy
from newswatch.topics.schema import Problem
from newswatch.urls.canonical import canonical_url

if TYPE_CHECKING:
    from newswatch.config.catalogue import Feed

_DEFAULT_PORTS = {"http": 80, "https": 443}


def unreachable(feed: Feed) -> str | None:
    """Why the feed's own address would be refused at every poll, as far as it says so itself; None: it would not be.

    A name that only a resolver knows to be private is refused when it is asked.
    """
    parts = urlsplit(feed.url)
    host = (parts.hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):  # this machine, whatever resolves it: RFC 6761, section 6.3
        host = "127.0.0.1"
    elif not re.fullmatch(r"[\d.]+|.*:.*", host):
        return None
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    reason = ip_policy.refusal(host, port, allow_private=feed.allow_private, ports=feed.ports)
    if reason is None:
        return None
    if ip_policy.refusal(host, port, allow_private=True):
        return f"{feed.url!r} would never be asked: {reason}. Remove the feed."
    return f"{feed.url!r} would never be asked: {reason}. Add `allow_private: true` if the feed is meant to be there."


def problems_of(feeds: Sequence[Feed]) -> Iterator[Problem]:
    """Everything wrong; places are positions in `feeds`."""
    for i, feed in enumerate(feeds):
        if reason := unreachable(feed):
            yield Problem(("feeds", i, "url"), f"feed {feed.id!r}: {reason}")
    yield from _same_addresses(feeds)
    yield from _outlets_spelt_apart(feeds)


def _same_addresses(feeds: Sequence[Feed]) -> Iterator[Problem]:
    for i, first in _repeated(feeds, lambda feed: canonical_url(feed.url)):
        how = "stands there" if feeds[i].url == feeds[first].url else f"is the address of {feeds[first].id!r}"
        message = f"feed {feeds[i].id!r}: the url {feeds[i].url!r} {how} already. Each must be there once."
        yield Problem(("feeds", i, "url"), message, ("feeds", first, "url"))


def _outlets_spelt_apart(feeds: Sequence[Feed]) -> Iterator[Problem]:
    for i, first in _repeated(feeds, lambda feed: " ".join(feed.outlet.casefold().split())):
        if feeds[i].outlet != feeds[first].outlet:
            message = (
                f"feed {feeds[i].id!r}: the outlet {feeds[i].outlet!r} is {feeds[first].outlet!r} elsewhere, and would "
                f"count as another one. Write `outlet: {feeds[first].outlet}`."
            )
            yield Problem(("feeds", i, "outlet"), message, ("feeds", first, "outlet"))


def _repeated(feeds: Sequence[Feed], key_of: Callable[[Feed], str]) -> Iterator[tuple[int, int]]:
    """Positions of feeds whose key another one had before, with the position of that one."""
    seen: dict[str, int] = {}
    for i, feed in enumerate(feeds):
        first = seen.setdefault(key_of(feed), i)
        if first != i:
            yield i, first
