"""The credentials of a feed, its secrets read from the environment at the moment of the request."""

from __future__ import annotations

import os
from collections.abc import Iterable

from newswatch.config.catalogue import Feed
from newswatch.config.feed_access import MissingSecret, request_headers
from newswatch.net.client import Credentials
from newswatch.net.messages import Failure
from newswatch.urls.canonical import host_of


def credentials(url: str, feeds: Iterable[Feed]) -> Credentials | Failure | None:
    """Those of the first of the feeds that has some and is on the address's host; None: none is.

    A variable that is not set is a failure of what was to be asked for, which then is not.
    """
    agreed = (feed for feed in feeds if (feed.headers or feed.auth) and host_of(feed.url) == host_of(url))
    feed = next(agreed, None)
    if feed is None:
        return None
    try:
        return Credentials(feed.url, request_headers(feed, os.environ))
    except MissingSecret as error:
        return Failure(url, "secret_missing", f"feed {feed.id!r}: {error}", is_transient=True)
