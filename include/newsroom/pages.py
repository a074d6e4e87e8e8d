"""Renders the newsroom's HTML: story pages in each outlet's own markup, front pages, and the index of outlets."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from newsroom.outlets import BY_ID, OUTLETS, Outlet
from newsroom.stories import Story, as_first_printed, stories_between

RELATED_DAYS = 10  # how far back a page's related links look
RELATED = 4
FRONT_PAGE_STORIES = 20
LABEL = "Invented story of a make-believe newsroom"
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
}

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the newsroom is served: its domain, and the port its links carry (None: no port)."""

    domain: str
    port: int | None

    def base(self, outlet_id: str) -> str:
        """The outlet's base URL, without a slash at the end."""
        return f"http://{outlet_id}.{self.domain}" + (f":{self.port}" if self.port else "")

    def url(self, story: Story) -> str:
        """The story's canonical URL."""
        return self.base(story.outlet_id) + story.path


@lru_cache(maxsize=4096)
def story_page(story: Story, site: Site, with_update: bool = True) -> bytes:
    """The story's page in its outlet's markup and encoding.  ``with_update``: its update has been made by now.

    Most outlets change their text without a word about it.
    """
    story = story if with_update else as_first_printed(story)
    outlet = BY_ID[story.outlet_id]
    zone = ZoneInfo(outlet.timezone)
    published = story.published_at.astimezone(zone)
    updated = story.updated_at.astimezone(zone) if story.updated_at and with_update else published
    html = _templates.get_template(f"{outlet.id}.html").render(
        story=story,
        outlet=outlet,
        base=site.base(outlet.id),
        url=site.url(story),
        published=published,
        updated=updated,
        day=visible_day(published, outlet.language),
        byline=", ".join(story.authors) or story.credit or outlet.name,
        related=[(other.headline, site.url(other)) for other in related_to(story)],
        json_ld=_json_ld(story, outlet, site, published, updated),
        label=LABEL,
    )
    return html.encode(outlet.encoding, "xmlcharrefreplace")


def related_to(story: Story) -> tuple[Story, ...]:
    """Earlier stories linked from this one's page: those on New START or Donetsk first, other outlets' at the end."""
    day = story.published_at.date()
    earlier = [
        other
        for other in stories_between(day - timedelta(days=RELATED_DAYS), day - timedelta(days=1))
        if other.language == story.language and other.headline != story.headline
    ]

    def order(other: Story) -> tuple[bool, bool, bytes]:
        about = bool(other.topics & {"new-start", "donetsk"})
        return not about, other.outlet_id != story.outlet_id, sha256((story.id + other.id).encode()).digest()

    return tuple(sorted(earlier, key=order)[:RELATED])


def visible_day(moment: datetime, language: str) -> str:
    """The day as readers see it, e.g. ``21 November 2026``."""
    return f"{moment.day} {MONTHS[language].split()[moment.month - 1]} {moment.year}"


def front_page(outlet: Outlet, site: Site, now: datetime) -> bytes:
    """The outlet's front page: its feeds as alternates and its newest stories."""
    newest = list(stories_between((now - timedelta(days=14)).date(), now.date()))
    shown = [story for story in reversed(newest) if story.outlet_id == outlet.id and story.published_at <= now]
    html = _templates.get_template("front.html").render(
        outlet=outlet,
        base=site.base(outlet.id),
        stories=[(story.headline, site.url(story)) for story in shown[:FRONT_PAGE_STORIES]],
        feeds=[feed for feed in outlet.feeds if feed.form in ("rss", "atom")],
        label=LABEL,
    )
    return html.encode(outlet.encoding, "xmlcharrefreplace")


def index_page(site: Site) -> bytes:
    """The plain page for a host that is no outlet's: all outlets by name."""
    outlets = [(outlet.name, outlet.language, site.base(outlet.id) + "/") for outlet in OUTLETS]
    return _templates.get_template("index.html").render(outlets=outlets, label=LABEL).encode()


def _json_ld(story: Story, outlet: Outlet, site: Site, published: datetime, updated: datetime) -> Markup:
    """A schema.org NewsArticle, safe inside a script element."""
    fields = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.headline,
        "description": story.standfirst,
        "datePublished": published.isoformat(),
        "dateModified": updated.isoformat(),
        "author": list(_people(story, outlet)),
        "publisher": {"@type": "Organization", "name": outlet.name},
        "mainEntityOfPage": site.url(story),
        "inLanguage": story.language,
    }
    return Markup(json.dumps(fields, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704 - no tag can close it


def _people(story: Story, outlet: Outlet) -> Iterator[dict[str, str]]:
    for author in story.authors:
        yield {"@type": "Person", "name": author}
    if not story.authors:
        yield {"@type": "Organization", "name": story.credit or outlet.name}
