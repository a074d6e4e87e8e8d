"""The invented outlets: who they are, how much they publish, what feeds they offer, and what is wrong with them."""

from dataclasses import dataclass
from typing import Literal

FeedForm = Literal["rss", "atom", "html", "gone", "moved"]


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of an outlet.  ``sections`` None means all of them; the faults default to none."""

    id: str
    path: str
    form: FeedForm = "rss"
    sections: frozenset[str] | None = None
    validators: bool = False  # ETag and Last-Modified, answering 304
    html_summary: bool = False  # RSS description as HTML in CDATA
    full_content: bool = False  # Atom content with the whole body
    tracking: bool = False  # links carry utm parameters
    relative_links: bool = False
    undated: bool = False
    flaky: bool = False  # answers 500 on a schedule, see newsroom.feeds.fails_at
    late_story: bool = False  # one story a day enters the feed three days after it was published
    moved_to: str = ""
    has_pages: bool = False  # names the page that follows it, with what is older (RFC 5005, section 3)


@dataclass(frozen=True, slots=True)
class Outlet:
    """One invented outlet.  ``rate`` is stories of its own on a weekday, reprints not counted."""

    id: str  # also its host label
    name: str
    language: str
    timezone: str
    rate: float
    path: str  # pattern of a story's path: {section}, {date}, {ymd}, {slug}, {key}
    feeds: tuple[Feed, ...]
    encoding: str = "utf-8"
    robots: str | None = "User-agent: *\nAllow: /\n"  # None: no robots.txt, 404
    has_sitemaps: bool = False  # of months, since newsroom.past.PAST_BEGINS
    has_wordpress: bool = False  # WordPress' interface for posts
    private_mondays: bool = False  # its first plain story of a Monday lies under /private/


WORLD = frozenset({"world", "politics", "science", "svit", "region", "mir", "nauka"})

OUTLETS: tuple[Outlet, ...] = (
    Outlet(
        "northgate", "Northgate Wire", "en", "Europe/London", 2.2, "/{section}/{date}/{slug}-{key}",
        (Feed("northgate-wire", "/atom.xml", "atom", full_content=True, validators=True),),
    ),
    Outlet(
        "courier", "The Harbour Courier", "en", "Europe/Dublin", 1.9, "/{section}/{date}/{slug}-{key}",
        (
            Feed("harbour-courier-world", "/rss.xml", sections=WORLD, validators=True),
            Feed("harbour-courier-front", "/front.xml", html_summary=True),
        ),
        robots="User-agent: *\nDisallow: /private/\n", private_mondays=True,
    ),
    Outlet(
        "ledger", "The Vale Ledger", "en", "America/Halifax", 1.5, "/{ymd}/{slug}-{key}.html",
        (Feed("vale-ledger", "/feed", flaky=True),), has_sitemaps=True,
    ),
    Outlet(
        "meridian", "Meridian Post", "en", "Asia/Singapore", 1.5, "/articles/{ymd}-{key}/{slug}",
        (
            Feed("meridian-latest", "/feeds/latest.xml", tracking=True, late_story=True),
            Feed("meridian-world", "/feeds/world.atom", "atom", sections=WORLD, tracking=True, late_story=True),
        ),
        robots="User-agent: *\nDisallow: /search\nCrawl-delay: 0\n", has_wordpress=True,
    ),
    Outlet(
        "tidewater", "Tidewater Gazette", "en", "Europe/London", 1.2, "/{date}/{key}.htm",
        (
            Feed("tidewater-gazette", "/rss.php", undated=True),
            Feed("tidewater-archive", "/old/rss.xml", "gone"),
        ),
        robots=None,
    ),
    Outlet(
        "zarechye", "Зареченская хроника", "ru", "Asia/Tbilisi", 1.3, "/{section}/{date}/{slug}-{key}.html",
        (Feed("zarechye-khronika", "/rss/", html_summary=True),), encoding="windows-1251",
    ),
    Outlet(
        "svodka", "Сводка Приозерья", "ru", "Europe/Chisinau", 1.2, "/news/{ymd}/{slug}-{key}",
        (
            Feed("svodka-all", "/rss.xml", "moved", moved_to="/feeds/all.xml"),
            Feed("svodka-culture", "/rss/culture.xml", "html"),
        ),
    ),
    Outlet(
        "okraina", "Голос окраины", "ru", "Asia/Almaty", 1.2, "/{ymd}/{key}/{slug}",
        (Feed("golos-okrainy", "/atom", "atom", validators=True),),
    ),
    Outlet(
        "khvylia", "Прибережна хвилька", "uk", "Europe/Kyiv", 1.4, "/{section}/{date}/{slug}-{key}",
        (Feed("khvylia", "/rss.xml", relative_links=True),),
    ),
    Outlet(
        "ranok", "Озерянський ранок", "uk", "Europe/Kyiv", 1.2, "/{date}/{slug}-{key}/",
        (Feed("ranok", "/feed.atom", "atom", has_pages=True),),
    ),
    Outlet(
        "obrii", "Обрій і час", "uk", "Europe/Kyiv", 1.3, "/{section}/{ymd}/{slug}-{key}.html",
        (
            Feed("obrii-front", "/rss/front.xml", html_summary=True),
            Feed("obrii-world", "/rss/world.xml", sections=WORLD, validators=True),
        ),
    ),
)  # fmt: skip

BY_ID: dict[str, Outlet] = {outlet.id: outlet for outlet in OUTLETS}


def outlets_in(language: str) -> tuple[Outlet, ...]:
    """The outlets of a language, in order."""
    return tuple(outlet for outlet in OUTLETS if outlet.language == language)
