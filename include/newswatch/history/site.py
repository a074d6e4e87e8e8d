"""The part of the web on which a feed's stories are. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from newswatch.urls.canonical import canonical_url, is_same_site, origin_of


@dataclass(frozen=True, slots=True)
class Site:
    """The origins of a feed's site, that of most of its stories first, and the folder of that in which they are.

    `folder` begins and ends with `/`, which alone is all of the site: hosts are shared by authors, sections, languages.
    """

    origins: tuple[str, ...]
    folder: str = "/"

    def holds_host(self, url: str) -> bool:
        return any(is_same_site(url, origin) for origin in self.origins)

    def holds(self, url: str) -> bool:
        """Whether the page may be one of the feed's."""
        if self.folder == "/" or not is_same_site(url, self.origins[0]):
            return self.holds_host(url)
        return urlsplit(canonical_url(url)).path.startswith(self.folder)


def site_of_feed(feed_url: str, links: Sequence[str]) -> Site:
    """The site of the feed at `feed_url` whose newest stories are at `links`."""
    counts = Counter(map(origin_of, links))
    most = [origin for origin, _ in counts.most_common(1)]
    there = [link for link in links if origin_of(link) in most]
    return Site(tuple(dict.fromkeys([*most, origin_of(feed_url)])), _shared_folder(feed_url, there))


def _shared_folder(feed_url: str, links: Sequence[str]) -> str:
    """The folders that all links share, as far as the feed's own address has them too: `/@ada/` of `/feed/@ada`.

    What the links share alone may be a habit of theirs, which was another one years ago: `/articles/`, `/2026/`.
    """
    of_feed = set(urlsplit(canonical_url(feed_url)).path.split("/"))
    shared = []
    for segments in zip(*(urlsplit(canonical_url(link)).path.split("/")[1:-1] for link in links), strict=False):
        if len(set(segments)) > 1 or segments[0] not in of_feed:
            break
        shared.append(segments[0])
    return "".join(f"/{segment}" for segment in shared) + "/"
