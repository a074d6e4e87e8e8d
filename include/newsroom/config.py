"""Writes the configuration with which the pipeline reads this newsroom, and keeps what its user has made of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from newsroom.broken import FEEDS as BROKEN_FEEDS
from newsroom.notes import OUTLET as BROKEN_OUTLET
from newsroom.outlets import OUTLETS
from newsroom.pages import Site
from newsroom.wharf import SOURCES

SHIPPED_TOPICS = "topics.shipped.yaml"  # what topics.yaml was copied from: by it an edit is known
HEAD = """\
# Yours from now on: the newsroom's feeds, written here once. At each start the addresses of its own entries are brought
# up to date, the Broken Buoy's come with NEWSROOM_BROKEN=1 and go without, and the wharf's (sources that are no RSS) do
# with NEWSROOM_WHARF=1; all else stays as it stands here. Delete the file to have it as it was.
"""


def write_config(
    folder: Path,
    *,
    port: int,
    domain: str = "newsroom.localhost",
    topics: Path,
    broken: bool = False,
    wharf: bool = False,
) -> None:
    """Write ``feeds.yaml`` and ``topics.yaml``, a copy of ``topics``, into ``folder``; what was edited there stays.

    ``broken``: with The Broken Buoy's feeds too; ``wharf``: with the wharf's.  A list of feeds that YAML cannot read is
    left alone.

    Raises OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(domain, port)
    sets = ((broken, list(_broken(site))), (wharf, [source.entry(site) for source in SOURCES]))
    on, off = ([feed for is_on, feeds in sets if is_on is wanted for feed in feeds] for wanted in (True, False))
    _write_feeds(folder / "feeds.yaml", site, on, off)
    _copy_topics(topics, folder / "topics.yaml", folder / SHIPPED_TOPICS)


def _write_feeds(path: Path, site: Site, on: list[dict[str, Any]], off: list[dict[str, Any]]) -> None:
    """``on`` and ``off``: feeds that a switch turns on, by how it stands."""
    ordinary = list(_ordinary(site))
    if not path.exists():
        path.write_text(HEAD + "feeds:\n" + _entries(ordinary + on, ""), encoding="utf-8")
        return
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    try:
        after = _refreshed(text, site, ordinary, on, off)
    except yaml.YAMLError:
        return  # it is being edited: `newswatch check` names the line
    if after != text:
        path.write_bytes(after.encode("utf-8", "surrogateescape"))


def _refreshed(
    text: str, site: Site, ordinary: list[dict[str, Any]], on: list[dict[str, Any]], off: list[dict[str, Any]]
) -> str:
    """The text with the newsroom's own entries brought up to date; every other line stays.

    An entry is the newsroom's own by its id together with its host: a feed that the user added may be on these hosts.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    sequence = next((value for key, value in pairs if key.value == "feeds"), None)
    if not isinstance(sequence, yaml.SequenceNode) or sequence.flow_style or not sequence.value:
        return text
    lines = text.splitlines(keepends=True)
    off_ids = {feed["id"] for feed in off}
    urls = {feed["id"]: feed["url"] for feed in ordinary + on + off}
    kept = set()
    for entry in reversed(sequence.value):
        values = {key.value: value for key, value in entry.value} if isinstance(entry, yaml.MappingNode) else {}
        feed_id, url = (getattr(values.get(name), "value", None) for name in ("id", "url"))
        kept.add(feed_id)
        if feed_id not in urls or not _is_ours(url, site):
            continue
        if feed_id in off_ids:
            del lines[entry.start_mark.line : _last_line(entry) + 1]
        elif url != urls[feed_id]:
            number = values["url"].start_mark.line
            lines[number] = lines[number].replace(url, urls[feed_id], 1)
    after = "".join(lines)
    missing = [feed for feed in on if feed["id"] not in kept]
    if missing:
        after += ("" if after.endswith("\n") else "\n") + _entries(missing, " " * sequence.start_mark.column)
    return after


def _is_ours(url: object, site: Site) -> bool:
    host = urlsplit(url).hostname if isinstance(url, str) else None
    return bool(host) and (host == site.domain or str(host).endswith(f".{site.domain}"))


def _last_line(node: yaml.Node) -> int:
    """Number of the last line on which something of the entry stands: comments and blanks below are another's."""
    if isinstance(node, yaml.MappingNode) and node.value:
        return max(_last_line(value) for _, value in node.value)
    return int(node.end_mark.line)


def _copy_topics(shipped: Path, target: Path, copied: Path) -> None:
    """Copy the shipped list, and again where it has changed and the copy has not been edited.

    Earlier versions linked it: an edit for a try-out then was one of the shipped file.
    """
    content = shipped.read_bytes()
    if target.is_symlink() and target.exists() and target.samefile(shipped):
        target.unlink()
    is_edited = target.exists() and (not copied.exists() or target.read_bytes() != copied.read_bytes())
    if not is_edited:
        copied.write_bytes(content)
        target.write_bytes(content)


def _ordinary(site: Site) -> Iterator[dict[str, Any]]:
    for outlet in OUTLETS:
        for feed in outlet.feeds:
            yield {
                "id": feed.id,
                "outlet": outlet.name,
                "url": site.base(outlet.id) + feed.path,
                "language": outlet.language,
                "timezone": outlet.timezone,
                "allow_private": True,
            }


def _broken(site: Site) -> Iterator[dict[str, Any]]:
    for feed in BROKEN_FEEDS:
        same = {"outlet": BROKEN_OUTLET, "language": "en", "timezone": "UTC", "allow_private": True}
        yield {"id": feed.id, "url": feed.url(site)} | same


def _entries(feeds: list[dict[str, Any]], indent: str) -> str:
    text = yaml.safe_dump(feeds, allow_unicode=True, sort_keys=False)
    return "".join(indent + line for line in text.splitlines(keepends=True))
