"""Whose an entry is: its feed's outlet, or, of an aggregator (`outlet: by entry`), one of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from newswatch.config.catalogue import Feed
from newswatch.feeds.model import Entry
from newswatch.urls.canonical import host_of, is_same_site, redirect_target, site_of

UNKNOWN = "unknown outlet"  # nothing but the aggregator's own address is known


class Outlets:
    """The outlets of feeds.yaml, by their names' letters and by the hosts of their feeds."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._name_of: dict[str, str] = {}
        of_site: dict[str, set[str]] = {}
        for feed in feeds:
            if not feed.is_by_entry:
                self._name_of.setdefault(_letters(feed.outlet), feed.outlet)
                of_site.setdefault(site_of(feed.url), set()).add(feed.outlet)
        self._of_site = {site: names.pop() for site, names in of_site.items() if len(names) == 1}

    def of_entry(self, entry: Entry, feed: Feed, page_url: str | None = None) -> str:
        """The outlet's name. `page_url`: the address that answered, where a page was had.

        Of an aggregator's entry: whom it names as its source, in the spelling of feeds.yaml; else the outlet of the
        feed that is on the same host, else that host; of the source, of the page, of the link. It is never the
        aggregator, which only points to it.
        """
        if not feed.is_by_entry:
            return feed.outlet
        is_named = bool(entry.source_name) and not (entry.source_url and is_same_site(entry.source_url, feed.url))
        if is_named:
            return self._name_of.get(_letters(entry.source_name), entry.source_name)
        link = redirect_target(entry.url) if entry.url else None
        others = (url for url in (entry.source_url, page_url, link) if url and not is_same_site(url, feed.url))
        url = next(others, None)
        return self._of_site.get(site_of(url), host_of(url).removeprefix("www.")) if url else UNKNOWN

    def as_publisher(self, entry: Entry, feed: Feed, page_url: str | None = None) -> Feed:
        """The feed as that of the entry's outlet alone."""
        outlet = self.of_entry(entry, feed, page_url)
        return feed if outlet == feed.outlet else feed.model_copy(update={"outlet": outlet})


def _letters(name: str) -> str:
    return " ".join(name.casefold().split())
