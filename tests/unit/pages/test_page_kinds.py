"""Pages that are no story, and stories that are: the second must never be taken for the first."""

from __future__ import annotations

import pytest

from newswatch.pages import page_kinds
from newswatch.pages.model import Claim, StoryLine

URL = "https://ledger.example/world/2026/quay-works"
LONG = "The harbour board met in the old customs house and heard three reports on the state of the quay. " * 4


def kind(
    text: str = LONG,
    *claims: tuple[str, str, str],
    url: str = URL,
    teasers: int = 0,
    lines: list[StoryLine] | None = None,
) -> str | None:
    lines = [StoryLine(text, "lede")] if lines is None else lines
    return page_kinds.kind_of_page(text, lines, [Claim(*s) for s in claims], url, teasers)


TITLE_404 = ("title", "title", "404 – page not found | The Ledger")


NOT_THERE = [
    "404",
    "Error 404",
    "Page not found",
    "Sorry, this page can't be found",
    "The page you were looking for is gone",
    "Ошибка 404",
    "Страница не найдена",
    "Сторінку не знайдено",
    "Seite nicht gefunden",
    "Page introuvable",
]


@pytest.mark.parametrize("title", NOT_THERE)
def test_a_page_that_says_it_is_not_there_is_a_soft_404(title: str) -> None:
    assert kind("Try the search, or go back to our front page.", ("title", "title", title)) == "soft_404"


def test_a_story_about_a_404_is_a_story() -> None:
    assert kind(LONG * 5, TITLE_404) is None
    assert kind(LONG, TITLE_404, ("type", "json_ld", "NewsArticle")) is None
    assert kind(LONG, ("title", "title", "Peugeot's 404 is back on the road")) is None


def test_a_request_for_consent_is_no_story() -> None:
    asked = [
        StoryLine("We and our partners store cookies on your device and process personal data.", "lede"),
        StoryLine("Give your consent to go on, or choose which purposes you allow.", "body"),
    ]
    assert kind("\n".join(line.text for line in asked), lines=asked) == "consent_wall"
    assert (
        kind("Accept all cookies to go on.", ("title", "title", "Before you continue to The Ledger")) == "consent_wall"
    )


def test_a_story_about_cookies_is_a_story() -> None:
    said = [StoryLine("The court ruled on cookies and consent.", "lede"), *[StoryLine(LONG, "body")] * 2]
    assert kind("\n".join(line.text for line in said), lines=said) is None


def test_a_live_blog_is_a_story() -> None:
    assert kind(LONG * 20, ("type", "json_ld", "LiveBlogPosting")) is None


def test_a_film_with_a_line_of_text_is_a_video_page_and_a_story_with_a_film_is_not() -> None:
    line = "The quay at dawn, filmed from the ferry."
    assert kind(line, ("type", "json_ld", "VideoObject")) == "video_page"
    assert kind(line, ("type", "opengraph", "video.other")) == "video_page"
    assert kind(line, ("type", "json_ld", "VideoObject"), ("type", "json_ld", "NewsArticle")) is None
    assert kind(LONG * 2, ("type", "json_ld", "VideoObject")) is None


def test_pictures_with_captions_are_a_gallery() -> None:
    captions = [
        StoryLine(f"Picture {n}: the quay at low tide, with the ferry and the pilot boat", "caption") for n in range(8)
    ]
    line = "The best of the week."
    assert kind(line, lines=[StoryLine(line, "lede"), *captions]) == "gallery_page"
    assert kind(line, ("type", "json_ld", "ImageGallery")) == "gallery_page"
    assert kind(LONG * 2, lines=[StoryLine(LONG * 2, "lede"), *captions]) is None


def test_a_list_of_other_stories_is_an_index() -> None:
    teasers = [StoryLine("A line about another story, which stands elsewhere on this site.", "body")] * 12
    text = "\n".join(line.text for line in teasers)
    assert kind(text, lines=teasers, teasers=12, url="https://ledger.example/world/") == "index_page"
    assert kind(text, ("type", "json_ld", "CollectionPage"), lines=teasers) == "index_page"
    assert kind(text, lines=teasers, teasers=5, url="https://ledger.example/") == "index_page"


@pytest.mark.parametrize(
    "claim",
    [
        ("type", "json_ld", "NewsArticle"),
        ("type", "opengraph", "article"),
        ("published_at", "opengraph", "2026-11-20T10:00:00Z"),
    ],
)
def test_a_story_among_many_teasers_is_a_story(claim: tuple[str, str, str]) -> None:
    short = [StoryLine("A short paragraph of a story that is all short paragraphs.", "body")] * 6
    assert kind("\n".join(line.text for line in short), claim, lines=short, teasers=30) is None


def test_a_story_of_long_paragraphs_without_any_metadata_is_a_story() -> None:
    assert kind(LONG, teasers=30) is None


def partial(text: str, *claims: tuple[str, str, str], reasons: tuple[str, ...] = ()) -> bool:
    lines = [StoryLine(text, "lede"), *(StoryLine("x", "cut", reason) for reason in reasons)]
    return page_kinds.is_partial(text, lines, [Claim(*s) for s in claims])


@pytest.mark.parametrize("end", ["…", "...", "[…]", "[...]", "… »"])
def test_a_text_that_breaks_off_is_partial(end: str) -> None:
    assert partial(f"The board met and {end}")


def test_a_short_text_behind_a_paywall_is_partial_and_a_long_one_is_not() -> None:
    assert partial(LONG, ("access", "json_ld", "paid"))
    assert partial(LONG, ("access", "opengraph", "locked"))
    assert partial(LONG, reasons=("paywall",))
    assert not partial(LONG * 6, ("access", "json_ld", "paid"))
    assert not partial(LONG, ("access", "json_ld", "free"), reasons=("subscription", "plea"))


def test_a_text_of_half_the_words_that_the_publisher_counts_is_partial() -> None:
    words = len(LONG.split())
    assert partial(LONG, ("word_count", "json_ld", str(3 * words)))
    assert not partial(LONG, ("word_count", "json_ld", str(words)))
    assert not partial(LONG, ("word_count", "json_ld", "many"))


PRIVACY = [
    StoryLine("Hackers have published personal data of three million customers of a bank, the regulator said.", "lede"),
    StoryLine("The bank had asked for consent to keep cookies, personal data and addresses for ten years.", "body"),
]


@pytest.mark.parametrize(
    "claim",
    [
        ("type", "json_ld", "NewsArticle"),
        ("type", "opengraph", "article"),
        ("published_at", "meta", "2026-11-20"),
    ],
)
def test_a_story_about_personal_data_is_a_story(claim: tuple[str, str, str]) -> None:
    text = "\n".join(line.text for line in PRIVACY)
    title = ("title", "title", "Hackers steal personal data of three million customers")
    assert kind(text, title, lines=PRIVACY) == "consent_wall"  # undated, nothing else on it: a wall
    assert kind(text, title, claim, lines=PRIVACY) is None


def test_a_title_about_consent_above_another_text_is_no_wall() -> None:
    lines = [PRIVACY[0], StoryLine(LONG, "body")]
    assert kind("\n".join(line.text for line in lines), ("title", "title", "Your privacy, sold"), lines=lines) is None


def test_a_figure_of_404_is_no_error() -> None:
    assert kind(LONG, ("title", "title", "404 people rescued from a flooded valley")) is None
    assert kind(LONG, TITLE_404, ("published_at", "opengraph", "2026-11-20T10:00:00Z")) is None


def test_words_are_not_counted_where_they_are_not_parted() -> None:
    text = "港务局周二在老海关大楼开会，听取了三份关于码头状况的报告，并要求提供数字。" * 20
    assert not page_kinds.is_partial(text, [StoryLine(text, "lede")], [Claim("word_count", "json_ld", "780")])


def test_a_word_count_of_thousands_of_digits_says_nothing() -> None:
    assert not page_kinds.is_partial(LONG, [], [Claim("word_count", "json_ld", "9" * 5000)])
