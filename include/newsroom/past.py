"""What the outlets list of their past, beyond the weeks of their feeds, with the faults that real lists have.

- Sitemaps of months below an index, from robots.txt on, since PAST_BEGINS. Each `lastmod` is today's; one month is
  missing in the index, one is packed and cut, one lists pages twice and pages of others.
- WordPress' interface for posts.
- Pages that follow a feed: see newsroom.feeds.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from aiohttp import web
from lxml import etree

from newsroom.outlets import Outlet
from newsroom.pages import Site
from newsroom.stories import Story, stories_between

PAST_BEGINS = date(2019, 1, 1)  # some five thousand stories of The Vale Ledger
PACKED_CUT, TWICE_AND_FOREIGN, MISSING = 7, 8, 9  # months before this one that have a fault
UNDATED_REACH = timedelta(days=120)  # of posts that are asked for without a first day
SITEMAP_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def robots(outlet: Outlet, site: Site) -> str:
    """What the outlet's robots.txt says of its sitemaps."""
    return f"Sitemap: {site.base(outlet.id)}/sitemap.xml\n" if outlet.has_sitemaps else ""


def answer(outlet: Outlet, site: Site, request: web.Request, now: datetime) -> web.Response | None:
    """What lists the outlet's past at the request's address; None: nothing does."""
    path = request.path
    if outlet.has_sitemaps and path == "/sitemap.xml":
        return _xml(_index(site.base(outlet.id), now))
    if outlet.has_sitemaps and path.startswith("/sitemap-"):
        return _month(outlet, site, path, now)
    if outlet.has_wordpress and path == "/wp-json/wp/v2/posts":
        return _posts(outlet, site, request, now)
    return None


@lru_cache(maxsize=512)
def stories_of_month(outlet_id: str, month: date) -> tuple[Story, ...]:
    """The outlet's stories of the month that begins on that day, oldest first."""
    last = _next(month) - timedelta(days=1)
    return tuple(story for story in stories_between(month, last) if story.outlet_id == outlet_id)


def months(now: datetime) -> Iterator[date]:
    """First days of the months from PAST_BEGINS to now."""
    month = PAST_BEGINS
    while month <= now.date():
        yield month
        month = _next(month)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def month_before(now: datetime, number: int) -> date:
    """First day of the month that lies so many before that of `now`."""
    month = now.date().replace(day=1)
    for _ in range(number):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def _index(base: str, now: datetime) -> etree._Element:
    root = _root("sitemapindex")
    for month in months(now):
        if month == month_before(now, MISSING):
            continue
        suffix = ".gz" if month == month_before(now, PACKED_CUT) else ""
        _listed(root, "sitemap", f"{base}/sitemap-{month:%Y-%m}.xml{suffix}", now)
    return root


def _month(outlet: Outlet, site: Site, path: str, now: datetime) -> web.Response | None:
    try:
        month = date.fromisoformat(f"{path.removeprefix('/sitemap-')[:7]}-01")
    except ValueError:
        return None
    if not PAST_BEGINS <= month <= now.date() or month == month_before(now, MISSING):
        return None
    root = _root("urlset")
    stories = [story for story in stories_of_month(outlet.id, month) if story.published_at <= now]
    _listed(root, "url", f"{site.base(outlet.id)}/", now)  # a front page is listed everywhere
    for story in stories:
        _listed(root, "url", site.url(story), now)
    if month == month_before(now, TWICE_AND_FOREIGN):
        for story in stories[:5]:
            _listed(root, "url", f"{site.url(story)}?utm_source=sitemap", now)
            _listed(root, "url", f"https://syndicated.example/{story.slug}", now)
    if month == month_before(now, PACKED_CUT):
        body = gzip.compress(etree.tostring(root), mtime=0)
        return web.Response(body=body[: len(body) * 2 // 3], content_type="application/gzip")
    return _xml(root)


def _root(name: str) -> etree._Element:
    return etree.Element(f"{{{SITEMAP_SPACE}}}{name}", nsmap={None: SITEMAP_SPACE})  # type: ignore[dict-item]


def _listed(root: etree._Element, name: str, url: str, now: datetime) -> None:
    element = etree.SubElement(root, f"{{{SITEMAP_SPACE}}}{name}")
    etree.SubElement(element, f"{{{SITEMAP_SPACE}}}loc").text = url
    etree.SubElement(element, f"{{{SITEMAP_SPACE}}}lastmod").text = f"{now:%Y-%m-%d}"


def _xml(root: etree._Element) -> web.Response:
    body: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return web.Response(body=body, content_type="application/xml")


def _posts(outlet: Outlet, site: Site, request: web.Request, now: datetime) -> web.Response:
    """Posts between `after` and `before` by time; a page beyond the last one is a 400, as WordPress answers."""
    try:
        size, number = int(request.query.get("per_page", 10)), int(request.query.get("page", 1))
        after, before = (_moment(request.query.get(name)) for name in ("after", "before"))
    except ValueError:
        return web.json_response({"code": "rest_invalid_param"}, status=400)
    last = min(before or now, now)
    first = after or last - UNDATED_REACH
    found = [
        story
        for story in stories_between(first.date(), last.date())
        if story.outlet_id == outlet.id and first < story.published_at < last
    ]
    if request.query.get("order") == "desc":
        found.reverse()
    page_count = -(-len(found) // size)
    if number > max(page_count, 1):
        return web.json_response({"code": "rest_post_invalid_page_number"}, status=400)
    posts = [
        {
            "link": site.url(story),
            "date_gmt": f"{story.published_at:%Y-%m-%dT%H:%M:%S}",
            "title": {"rendered": story.headline.replace("'", "&#8217;")},
            "excerpt": {"rendered": f"<p>{story.standfirst}</p>\n", "protected": False},
        }
        for story in found[(number - 1) * size : number * size]
    ]
    headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(page_count)}
    return web.Response(text=json.dumps(posts), content_type="application/json", headers=headers)


def _moment(stated: str | None) -> datetime | None:
    return datetime.fromisoformat(stated).astimezone(UTC) if stated else None
