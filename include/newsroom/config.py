"""Writes the configuration with which the pipeline reads this newsroom."""

import shutil
from pathlib import Path

import yaml

from newsroom.broken import FEEDS as BROKEN_FEEDS
from newsroom.notes import OUTLET as BROKEN_OUTLET
from newsroom.outlets import OUTLETS
from newsroom.pages import Site


def write_config(
    folder: Path, *, port: int, domain: str = "newsroom.localhost", topics: Path, broken: bool = False
) -> None:
    """Write ``feeds.yaml`` into ``folder``, and ``topics.yaml`` as a link to ``topics`` unless it exists.

    Where links cannot be made the file is copied.  ``broken``: with The Broken Buoy's feeds too.

    Raises OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(domain, port)
    feeds = [
        {
            "id": feed.id,
            "outlet": outlet.name,
            "url": site.base(outlet.id) + feed.path,
            "language": outlet.language,
            "timezone": outlet.timezone,
            "allow_private": True,
        }
        for outlet in OUTLETS
        for feed in outlet.feeds
    ]
    if broken:
        same = {"outlet": BROKEN_OUTLET, "language": "en", "timezone": "UTC", "allow_private": True}
        feeds += [{"id": feed.id, "url": feed.url(site)} | same for feed in BROKEN_FEEDS]
    text = yaml.safe_dump({"feeds": feeds}, allow_unicode=True, sort_keys=False)
    (folder / "feeds.yaml").write_text(text, encoding="utf-8")
    target = folder / "topics.yaml"
    if target.exists():
        return
    try:
        target.symlink_to(topics.resolve())
    except OSError:
        shutil.copyfile(topics, target)
