"""Which source is believed: headlines by vote, dates by order and sense, names by order."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from newswatch.pages import metadata_precedence
from newswatch.pages.model import Claim

URL = "https://www.ledger.example/news/quay"
SEEN = datetime(2026, 11, 22, 12, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")


def titles(**said: str | list[str]) -> list[Claim]:
    pairs = ((w, text) for w, texts in said.items() for text in ([texts] if isinstance(texts, str) else texts))
    return [Claim("title", source, text) for source, text in pairs]


def dates(*said: tuple[str, str], field: str = "published_at") -> list[Claim]:
    return [Claim(field, source, text) for source, text in said]


@pytest.mark.parametrize(
    ("claims", "expected", "source"),
    [
        (titles(json_ld="Quay works begin", opengraph="Quay works begin"), "Quay works begin", "json_ld"),
        (titles(opengraph="Quay works begin - The Ledger", h1="Quay works begin"), "Quay works begin", "opengraph"),
        (titles(title="Opinion | Quay works begin | The Ledger", h1="Quay works begin"), "Quay works begin", "h1"),
        (titles(title="Quay works begin – The Ledger"), "Quay works begin", "title"),
        (titles(title="Ledger: Quay works begin", feed="Quay works begin"), "Quay works begin", "feed"),
        # Printed and shared are the same, the one for search engines is another.
        (
            titles(json_ld="Quay: cost, plan, dates", opengraph="Quay works begin", h1="Quay works begin"),
            "Quay works begin",
            "opengraph",
        ),
        # The printed one stands alone against two that agree.
        (
            titles(json_ld="Quay works begin", opengraph="Quay works begin", h1="At last: quay works"),
            "Quay works begin",
            "json_ld",
        ),
        # A heading that nobody echoes is the site's name, or a box's.
        (
            titles(h1=["The Ledger", "Join our prize draw"], opengraph="Quay works begin"),
            "Quay works begin",
            "opengraph",
        ),
        (titles(h1="Quay works begin"), "Quay works begin", "h1"),
        (
            titles(h1=["Sign in", "Quay works begin today"], title="Quay works begin today"),
            "Quay works begin today",
            "h1",
        ),
        # One that was cut short counts for the one that it was cut from.
        (
            titles(
                json_ld="The quay works that were planned for nine years begin on",
                h1="The quay works that were planned for nine years begin on Monday",
                title="The quay works that were planned for nine years begin on Monday",
            ),
            "The quay works that were planned for nine years begin on Monday",
            "h1",
        ),
        (titles(json_ld="‘Quay works’ begin", h1="'Quay works' begin"), "‘Quay works’ begin", "json_ld"),
        (titles(feed="Quay works begin"), "Quay works begin", "feed"),
        (titles(json_ld="Kyiv: quay works begin", h1="Kyiv: quay works begin"), "Kyiv: quay works begin", "json_ld"),
        ([], "", ""),
        (titles(json_ld="  ", h1="–"), "", ""),
    ],
)
def test_the_headline_is_the_one_that_most_witnesses_give(claims: list[Claim], expected: str, source: str) -> None:
    claims = [Claim("site", "opengraph", "The Ledger"), *claims]
    assert metadata_precedence.headline(claims, URL) == (expected, source)


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_statements_does_not_decide(order: int) -> None:
    claims = titles(json_ld="Quay works", h1="Quay works begin", opengraph="Quay works begin", title="Quay works | X")
    assert metadata_precedence.headline(claims[::order], URL)[0] == "Quay works begin"


@pytest.mark.parametrize(
    ("claims", "zone", "moment", "is_day_only", "source"),
    [
        (dates(("json_ld", "2026-11-21T10:00:00+02:00")), None, "2026-11-21T08:00", False, "json_ld"),
        # Structured data before the feed, the feed before what is read off the page.
        (dates(("feed", "2026-11-21T15:00:00+00:00"), ("json_ld", "2026-11-21T08:00:00Z")),
         None, "2026-11-21T08:00", False, "json_ld"),
        (dates(("time", "2026-11-20T08:00:00Z"), ("feed", "2026-11-21T15:00:00+00:00")),
         None, "2026-11-21T15:00", False, "feed"),
        # A date without sense is passed over: later than seen and an hour, or before there were feeds.
        (dates(("json_ld", "2027-01-01T00:00:00Z"), ("opengraph", "2026-11-21T08:00:00Z")),
         None, "2026-11-21T08:00", False, "opengraph"),
        (dates(("json_ld", "1970-01-01T00:00:00Z"), ("feed", "2026-11-21T08:00:00+00:00")),
         None, "2026-11-21T08:00", False, "feed"),
        (dates(("json_ld", "2026-11-22T12:59:00Z")), None, "2026-11-22T12:59", False, "json_ld"),
        (dates(("json_ld", "2026-11-22T13:01:00Z")), None, None, None, None),
        (dates(("json_ld", "0001-01-01T00:00:00Z"), ("meta", "9999-12-31T23:59:59-05:00")), None, None, None, None),
        # A day gives way to a time on it, not to one far from it.
        (dates(("json_ld", "2026-11-21"), ("feed", "2026-11-21T08:30:00+00:00")),
         None, "2026-11-21T08:30", False, "feed"),
        (dates(("json_ld", "2026-11-21"), ("feed", "2026-11-18T08:30:00+00:00")),
         None, "2026-11-21T00:00", True, "json_ld"),
        (dates(("text", "2026-11-20")), None, "2026-11-20T00:00", True, "text"),
        # A stamp without a zone is in the feed's; a midnight without one is a day.
        (dates(("meta", "2026-11-21 01:30:00")), KYIV, "2026-11-20T23:30", False, "meta"),
        (dates(("meta", "2026-11-21T00:00:00")), KYIV, "2026-11-21T00:00", True, "meta"),
        (dates(("meta", "2026-11-21")), KYIV, "2026-11-21T00:00", True, "meta"),
        (dates(("json_ld", "2026-11-21T00:00:00+02:00")), None, "2026-11-20T22:00", False, "json_ld"),
        (dates(("meta", "1763712000")), None, "2025-11-21T08:00", False, "meta"),
        (dates(("json_ld", "soon"), ("h1", "2026-11-21T08:00:00Z")), None, None, None, None),
        ([], None, None, None, None),
    ],
)  # fmt: skip
def test_the_time_of_publication_is_that_of_the_first_witness_who_makes_sense(
    claims: list[Claim], zone: ZoneInfo | None, moment: str | None, is_day_only: bool, source: str
) -> None:
    found = metadata_precedence.published(claims, SEEN, zone)
    if moment is None:
        assert found is None
    else:
        assert found is not None
        expected = (datetime.fromisoformat(f"{moment}Z"), is_day_only, source)
        assert (found.moment, found.is_day_only, found.source) == expected


def test_an_update_is_later_than_the_publication_and_not_in_the_future() -> None:
    published = datetime(2026, 11, 21, 8, tzinfo=UTC)

    def updated(*said: str) -> datetime | None:
        return metadata_precedence.updated(
            dates(*(("json_ld", s) for s in said), field="updated_at"), published, SEEN, None
        )

    assert updated("2026-11-21T09:00:00Z") == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert updated("2026-11-21T08:00:00Z") is None
    assert updated("2026-11-23T09:00:00Z") is None
    assert updated("2026-11-22") is None
    assert updated() is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("json_ld", "Ann Lee"), ("json_ld", "Bo Kim"), ("meta", "Staff")], ("Ann Lee", "Bo Kim")),
        ([("meta", "By Ann Lee and Bo Kim")], ("Ann Lee", "Bo Kim")),
        ([("meta", "Ann Lee, Bo Kim")], ("Ann Lee", "Bo Kim")),
        ([("meta", "Reuters, Kyiv")], ("Reuters, Kyiv",)),
        ([("meta", "Олена Шевчук та Іван Бойко")], ("Олена Шевчук", "Іван Бойко")),
        ([("opengraph", "https://www.facebook.com/ledger"), ("feed", "Ann Lee")], ("Ann Lee",)),
        ([("meta", "ann@ledger.example"), ("link", "Ann Lee")], ("Ann Lee",)),
        ([("json_ld", "Ann Lee"), ("json_ld", "Ann Lee")], ("Ann Lee",)),
        ([], ()),
    ],
)
def test_authors_are_names_of_the_first_witness_who_gives_any(
    said: list[tuple[str, str]], expected: tuple[str, ...]
) -> None:
    claims = [Claim("author", source, name) for source, name in said]
    assert metadata_precedence.authors(claims)[0] == expected


def test_the_pages_own_lang_is_its_claim_before_metadata() -> None:
    said = [Claim("language", "opengraph", "en_US"), Claim("language", "html", "uk-UA")]
    assert metadata_precedence.language_claim(said) == "uk"
    assert metadata_precedence.language_claim(said[:1]) == "en"
    assert metadata_precedence.language_claim([Claim("language", "html", "ua")]) == "uk"
    assert metadata_precedence.language_claim([Claim("language", "html", "x")]) is None


@pytest.mark.parametrize(
    ("said", "moment", "is_day_only"),
    [
        ("20.11.2026", datetime(2026, 11, 20, tzinfo=UTC), True),
        ("2026.11.20", datetime(2026, 11, 20, tzinfo=UTC), True),
        ("20261120", datetime(2026, 11, 20, tzinfo=UTC), True),
        ("20261120T141500Z", datetime(2026, 11, 20, 14, 15, tzinfo=UTC), False),
        ("1763647200.5", datetime(2025, 11, 20, 14, 0, tzinfo=UTC), False),
        ("20 November 2026, 14 h 15", datetime(2026, 11, 20, 14, 15, tzinfo=UTC), False),
    ],
)
def test_what_has_a_time_of_day_and_what_is_a_day(said: str, moment: datetime, is_day_only: bool) -> None:
    time = metadata_precedence.published(dates(("json_ld", said)), SEEN, ZoneInfo("UTC"))
    assert time is not None
    assert (time.moment, time.is_day_only) == (moment, is_day_only)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (titles(opengraph="Quay works begin_Sea News_Sea Net", h1="Quay works begin"), "Quay works begin"),
        (titles(title="Quay works begin « Ledger Daily", opengraph="Quay works begin"), "Quay works begin"),
        (titles(opengraph="学校が存続へ：朝日報", title="学校が存続へ：朝日報", h1="学校が存続へ"), "学校が存続へ"),
        (titles(title="Quay works begin-Xin", h1="Quay works begin"), "Quay works begin"),
        # A logo, a rubric, a kicker as a heading.
        (
            titles(
                opengraph="Quay works begin on Monday - Blog Daily",
                title="Quay works begin on Monday - Blog Daily",
                h1="Blog Daily",
            ),
            "Quay works begin on Monday",
        ),
        (titles(title="Quay works begin on Monday | Politics", h1="Politics"), "Quay works begin on Monday"),
        (
            titles(opengraph="Ukraine war: quay works begin on Monday", h1=["Ukraine war"]),
            "Ukraine war: quay works begin on Monday",
        ),
        # Cut short, in a script of few and wide characters, or with dots.
        (
            titles(json_ld="Quay works…", opengraph="Quay works…", h1="Quay works begin on Monday"),
            "Quay works begin on Monday",
        ),
    ],
)
def test_names_of_sites_and_rubrics_are_no_headline(claims: list[Claim], expected: str) -> None:
    assert metadata_precedence.headline(claims, "https://www.other.example/a")[0] == expected


def test_a_site_that_stands_before_its_headline_is_taken_off() -> None:
    both = titles(opengraph="Ledger | Quay works begin", title="Ledger | Quay works begin")
    assert metadata_precedence.headline(both, URL)[0] == "Quay works begin"


def test_a_day_takes_no_time_from_another_day() -> None:
    said = dates(("meta", "2026-11-20"), ("time", "2026-11-21T09:00:00Z"))
    assert metadata_precedence.published(said, SEEN, None) == metadata_precedence.Time(
        datetime(2026, 11, 20, tzinfo=UTC), True, "meta", datetime(2026, 11, 20, tzinfo=UTC).date()
    )
    near = metadata_precedence.published(
        dates(("meta", "2026-11-20"), ("time", "2026-11-20T01:00:00+03:00")), SEEN, None
    )
    assert near is not None
    assert near.moment == datetime(2026, 11, 19, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "headline",
    [
        "Mayor resigns, New START talks go on",
        "Prices rise by 5% in a month, board says",
        "Mayor resigns? Not before the spring",
        "Kyiv: Russian drones hit a power station",
    ],
)
def test_a_headline_is_not_cut_at_its_own_punctuation(headline: str) -> None:
    said = titles(
        json_ld=headline, opengraph=headline, h1=headline, twitter=headline.split(",")[0].split("?")[0].split("%")[0]
    )
    assert metadata_precedence.headline(said, "https://www.kyivindependent.example/a")[0] == headline


@pytest.mark.parametrize(
    "headline", ["The tram retires: «It took us to school»", "Ships wait — and so do we", "Board: no quay"]
)
def test_a_printed_headline_stays_whole_where_another_title_is_shorter(headline: str) -> None:
    short = headline.split(":")[0].split(" —")[0]
    said = titles(json_ld=short, opengraph=headline, h1=headline, title=f"{headline} | The Ledger")
    assert metadata_precedence.headline(said, URL)[0] == headline
