"""Builds the outlets' RSS 2.0 and Atom feeds, and says when the flaky one fails."""

import os
from datetime import datetime, timedelta
from email.utils import format_datetime

from lxml import etree
from markupsafe import escape

from newsroom.outlets import Feed, Outlet
from newsroom.pages import LABEL, Site
from newsroom.stories import Story, in_feed_from, stories_between


def history_days() -> int:
    """How many days a feed reaches back: NEWSROOM_HISTORY_DAYS, else ten weeks. Raises ValueError for no number."""
    stated = os.environ.get("NEWSROOM_HISTORY_DAYS") or "70"
    if not stated.isdecimal() or not int(stated):
        raise ValueError(f"NEWSROOM_HISTORY_DAYS={stated!r} is no number of days. Write 28 for four weeks.")
    return int(stated)


HISTORY = timedelta(days=history_days())
TRACKING = "?utm_source=rss&utm_medium=feed"
ATOM = "http://www.w3.org/2005/Atom"
STORIES_A_PAGE = 20  # of the pages that follow a feed
PAST_DAYS = 150  # how far back those go


def fails_at(now: datetime) -> bool:
    """Whether the flaky feed answers 500 at this moment: for one minute in every four."""
    return int(now.timestamp()) // 60 % 4 == 0


def entries_of(outlet: Outlet, feed: Feed, now: datetime) -> list[Story]:
    """The stories a feed lists at ``now`` (aware), newest first: those of its history."""
    first = (now - HISTORY).date()
    return [
        story
        for story in reversed(list(stories_between(first, now.date())))
        if story.outlet_id == outlet.id
        and now - HISTORY <= story.published_at <= now
        and (feed.sections is None or story.section in feed.sections)
        and _entered(story, feed) <= now
    ]


def entries_of_page(outlet: Outlet, feed: Feed, now: datetime, number: int) -> list[Story]:
    """What the feed's page of that number lists, newest first: 1 is the feed itself, each further one what is older."""
    if number < 2:
        return entries_of(outlet, feed, now)
    ends = now - HISTORY
    older = [
        story
        for story in reversed(list(stories_between((now - timedelta(days=PAST_DAYS)).date(), ends.date())))
        if story.outlet_id == outlet.id and story.published_at < ends
    ]
    return older[(number - 2) * STORIES_A_PAGE : (number - 1) * STORIES_A_PAGE]


def _entered(story: Story, feed: Feed) -> datetime:
    return in_feed_from(story, late_story=feed.late_story)


def last_change(entries: list[Story], feed: Feed, now: datetime) -> datetime:
    """When the feed's content last changed: an entry came in or was updated.  ``now`` for an empty feed."""
    times = [_entered(story, feed) for story in entries] + [_updated(story, now) for story in entries]
    return max(times, default=now).replace(microsecond=0)


def feed_bytes(outlet: Outlet, feed: Feed, site: Site, now: datetime, page: int = 1) -> bytes:
    """The feed's document at ``now``, in the outlet's encoding, or the ``page`` that follows it."""
    entries = entries_of_page(outlet, feed, now, page)
    root = _atom(outlet, feed, site, entries, now) if feed.form == "atom" else _rss(outlet, feed, site, entries, now)
    if feed.has_pages and (page == 1 or entries_of_page(outlet, feed, now, page + 1)):  # after the first there are some
        following = etree.Element(
            f"{{{ATOM}}}link", rel="next", href=f"{site.base(outlet.id)}{feed.path}?page={page + 1}"
        )
        root.insert(3, following)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding=outlet.encoding)  # type: ignore[assignment]
    return document


def _updated(story: Story, now: datetime) -> datetime:
    """When the story was last changed, as known at ``now``."""
    return story.updated_at if story.updated_at and story.updated_at <= now else story.published_at


def _link(story: Story, feed: Feed, site: Site) -> str:
    link = story.path if feed.relative_links else site.url(story)
    return link + (TRACKING if feed.tracking else "")


def _add(parent: etree._Element, name: str, text: str | etree.CDATA = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, name, attributes)
    if text:
        element.text = text
    return element


def _rss(outlet: Outlet, feed: Feed, site: Site, entries: list[Story], now: datetime) -> etree._Element:
    root = etree.Element("rss", version="2.0")
    channel = _add(root, "channel")
    _add(channel, "title", outlet.name)
    _add(channel, "link", site.base(outlet.id) + "/")
    _add(channel, "description", LABEL)
    _add(channel, "language", outlet.language)
    for story in entries:
        item = _add(channel, "item")
        _add(item, "title", story.headline)
        _add(item, "link", _link(story, feed, site))
        _add(item, "guid", story.id, isPermaLink="false")
        if not feed.undated:
            _add(item, "pubDate", format_datetime(story.published_at))
        _add(item, "category", story.section)
        if feed.html_summary:
            html = f'<p>{escape(story.standfirst)}</p><p><a href="{site.url(story)}">&rarr;</a></p>'
            _add(item, "description", etree.CDATA(html))
        else:
            _add(item, "description", story.standfirst)
    return root


def _atom(outlet: Outlet, feed: Feed, site: Site, entries: list[Story], now: datetime) -> etree._Element:
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item]
    _add(root, f"{{{ATOM}}}title", outlet.name)
    _add(root, f"{{{ATOM}}}id", f"urn:newsroom:{feed.id}")
    _add(root, f"{{{ATOM}}}link", href=site.base(outlet.id) + "/")
    _add(root, f"{{{ATOM}}}updated", last_change(entries, feed, now).isoformat())
    for story in entries:
        entry = _add(root, f"{{{ATOM}}}entry")
        _add(entry, f"{{{ATOM}}}title", story.headline)
        _add(entry, f"{{{ATOM}}}id", f"urn:newsroom:{story.id}")
        _add(entry, f"{{{ATOM}}}link", href=_link(story, feed, site), rel="alternate")
        _add(entry, f"{{{ATOM}}}published", story.published_at.isoformat())
        _add(entry, f"{{{ATOM}}}updated", _updated(story, now).isoformat())
        author = _add(entry, f"{{{ATOM}}}author")
        _add(author, f"{{{ATOM}}}name", ", ".join(story.authors) or story.credit or outlet.name)
        _add(entry, f"{{{ATOM}}}summary", story.standfirst)
        if feed.full_content:
            body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in story.paragraphs)
            _add(entry, f"{{{ATOM}}}content", body, type="html")
    return root
