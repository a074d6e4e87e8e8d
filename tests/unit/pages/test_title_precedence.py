"""Which title is believed: headlines by vote, without what stands beside them."""

from __future__ import annotations

import pytest

from newswatch.pages import title_precedence
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
    assert title_precedence.headline(claims, URL) == (expected, source)


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_statements_does_not_decide(order: int) -> None:
    claims = titles(json_ld="Quay works", h1="Quay works begin", opengraph="Quay works begin", title="Quay works | X")
    assert title_precedence.headline(claims[::order], URL)[0] == "Quay works begin"


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
            titles(
                opengraph="Quay works begin on Monday - Sea News",
                title="Quay works begin on Monday | Sea News | Sea Net",
                h1="Quay works begin on Monday",
            ),
            "Quay works begin on Monday",
        ),
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
    assert title_precedence.headline(claims, "https://www.other.example/a")[0] == expected


def test_a_site_that_stands_before_its_headline_is_taken_off() -> None:
    both = titles(opengraph="Ledger | Quay works begin", title="Ledger | Quay works begin")
    assert title_precedence.headline(both, URL)[0] == "Quay works begin"


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
    assert title_precedence.headline(said, "https://www.kyivindependent.example/a")[0] == headline


@pytest.mark.parametrize(
    "headline", ["The tram retires: «It took us to school»", "Ships wait — and so do we", "Board: no quay"]
)
def test_a_printed_headline_stays_whole_where_another_title_is_shorter(headline: str) -> None:
    short = headline.split(":")[0].split(" —")[0]
    said = titles(json_ld=short, opengraph=headline, h1=headline, title=f"{headline} | The Ledger")
    assert title_precedence.headline(said, URL)[0] == headline


def of_site(site: str, section: str = "", **said: str | list[str]) -> list[Claim]:
    sections = [Claim("section", "opengraph", section)] if section else []
    return [Claim("site", "opengraph", site), *sections, *titles(**said)]


@pytest.mark.parametrize(
    "claims",
    [
        of_site("The Ledger", title="Quay works begin * The Ledger"),
        of_site("The Ledger", title="Quay works begin ★ The Ledger"),
        of_site("The Ledger", title="Quay works begin | Politics | The Ledger"),
        of_site("The Ledger", "Politics", title="Quay works begin - Politics - The Ledger"),
        of_site("The Ledger", "Politics", opengraph="Politics | Quay works begin"),
        of_site("The Ledger", title="Quay works begin - by Ann Lee | The Ledger"),
        of_site("The Ledger", title="Quay works begin | The Ledger | By Ann Lee"),
        of_site("LEDGER", title="Quay works begin | LEDGER | 28.04.2026"),
        of_site("The Ledger", opengraph="Quay works begin» - The Ledger", h1="Quay works begin"),
    ],
)
def test_what_stands_beside_a_headline_is_taken_off(claims: list[Claim]) -> None:
    assert title_precedence.headline(claims, "https://www.other.example/a")[0].rstrip("»") == "Quay works begin"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (of_site("朝日報", title="「埠頭は残る」：朝日報"), "「埠頭は残る」"),
        (of_site("The Ledger", title="“Quay works begin”: The Ledger"), "“Quay works begin”"),
        # The author's mark is not one where a sentence goes on.
        (of_site("The Ledger", title="Quay works end - by a hair | The Ledger"), "Quay works end - by a hair"),
        (of_site("The Ledger", title="Quay works end - by 2030 | The Ledger"), "Quay works end - by 2030"),
        # Bars alone divide sections without a name.
        (of_site("The Ledger", title="Quay works begin - at last - The Ledger"), "Quay works begin - at last"),
        (of_site("The Ledger", title="Diary of a siege - 28.04.2026"), "Diary of a siege - 28.04.2026"),
        (of_site("The Ledger", "War", title="War: the quay is gone"), "War: the quay is gone"),
    ],
)
def test_what_belongs_to_a_headline_stays(claims: list[Claim], expected: str) -> None:
    assert title_precedence.headline(claims, "https://www.other.example/a")[0] == expected


@pytest.mark.parametrize(
    ("title", "heading", "address", "expected"),
    [
        ("Ukraine war in its fourth year: Quay opens", "Quay opens", "/a", "Quay opens"),
        ("Life in the harbour town - Quay opens", "Quay opens", "/2026/quay-opens", "Quay opens"),
        ("Quay opens | The Tidewater Ledger of the North", "Quay opens", "/quay-opens.html", "Quay opens"),
        ("Quay opens to ships on Monday | Tidewater", "Tidewater", "/quay-opens", "Quay opens to ships on Monday"),
        ("Quay opens to ships on Monday – Tidewater", "Tidewater", "/1234", "Quay opens to ships on Monday"),
    ],
)
def test_a_short_heading_is_the_headline_or_a_name(title: str, heading: str, address: str, expected: str) -> None:
    said = titles(opengraph=title, title=title, h1=heading)
    assert title_precedence.headline(said, f"https://www.other.example{address}")[0] == expected


def test_quotation_marks_of_two_styles_are_alike() -> None:
    said = titles(opengraph="Mayor: it’s ‘no’ to the quay – Ledger Daily", h1="Mayor: it's 'no' to the quay")
    assert title_precedence.headline(said, URL) == ("Mayor: it’s ‘no’ to the quay", "opengraph")


@pytest.mark.parametrize(
    ("full", "cut"),
    [
        ('Mayor says "no" to the quay', "Mayor says"),
        ("Mayor: «no quay» before spring", "Mayor:"),
        ("Le maire « nous restons » et ne part pas", "Le maire"),
        ("The mayor - «no - and never» - stays", "The mayor -"),
        ('"No - and never": the mayor stays', '"No'),
    ],
)
def test_a_headline_is_not_cut_at_a_quotation_in_it(full: str, cut: str) -> None:
    """As a page does whose attributes are cut by their own quotation marks."""
    assert title_precedence.headline(titles(opengraph=cut, twitter=cut, h1=full), URL)[0] == full
    assert title_precedence.headline(titles(json_ld=full, title=full, twitter=cut), URL)[0] == full
