"""Which source is believed: headlines by vote, names by order."""

from __future__ import annotations

import pytest

from newswatch.pages import metadata_precedence
from newswatch.pages.model import Claim

URL = "https://www.ledger.example/news/quay"


def titles(**said: str | list[str]) -> list[Claim]:
    pairs = ((w, text) for w, texts in said.items() for text in ([texts] if isinstance(texts, str) else texts))
    return [Claim("title", source, text) for source, text in pairs]


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
