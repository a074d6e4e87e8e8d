"""Find alternatives: what else the sites of refused feeds have that is open to a program. Once a week a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from newswatch.config.catalogue import Feed
from newswatch.ledger import health as ledger_health
from newswatch.ledger.health import Alternative
from newswatch.pipeline.feed_health import feed_health
from newswatch.pipeline.find_feeds import Found, discover
from newswatch.pipeline.installation import Newswatch
from newswatch.urls.canonical import origin_of

EVERY = timedelta(days=7)
_NEVER = datetime.min.replace(tzinfo=UTC)
MAX_SITES = 10  # of one call: a watch is over in minutes


def find_alternatives(nw: Newswatch) -> dict[str, tuple[Alternative, ...]]:
    """Look for open feeds, sitemaps and interfaces of sites whose feeds are refused, and keep what was found.

    Returns it by the site's address. Nothing is asked as anybody else; robots.txt is obeyed wherever one guesses.
    """
    now = nw.clock()
    with nw.ledger.begin() as connection:
        refused = [
            h.feed_id
            for h in feed_health(connection, nw.catalogue.feeds, now, nw.day_of(now))
            if h.condition == "refused"
        ]
        looked_at = {feed_id: at for feed_id, (at, _) in ledger_health.alternatives(connection).items()}
    found: dict[str, tuple[Alternative, ...]] = {}
    for site, feeds in _due([nw.feeds[feed_id] for feed_id in refused], looked_at, now):
        discovery = discover(nw, site, allow_private=all(feed.allow_private for feed in feeds))
        sources = [Alternative(_in_words(f), f.url) for f in discovery.found if not f.known_as]
        sitemaps = [Alternative("a sitemap, of its past alone: `newswatch recover`", u) for u in discovery.sitemaps[:1]]
        found[site] = (*sources, *sitemaps)
        with nw.ledger.begin() as connection:
            ledger_health.save_alternatives(connection, [feed.id for feed in feeds], found[site], now)
    return found


def _in_words(found: Found) -> str:
    return "WordPress' interface, `kind: wordpress`" if found.kind == "wordpress" else found.how


def _due(refused: Sequence[Feed], looked_at: Mapping[str, datetime], now: datetime) -> list[tuple[str, list[Feed]]]:
    """Sites with their refused feeds, of which one was not looked at for a week; those that waited longest first."""
    of_site: dict[str, list[Feed]] = {}
    for feed in refused:
        of_site.setdefault(f"{origin_of(feed.url)}/", []).append(feed)
    oldest = {site: min(looked_at.get(f.id, _NEVER) for f in feeds) for site, feeds in of_site.items()}
    due = sorted((site for site, at in oldest.items() if now - at >= EVERY), key=lambda site: (oldest[site], site))
    return [(site, of_site[site]) for site in due[:MAX_SITES]]
