"""Page kinds: pages that are no story classified (index, gallery, consent wall …), partial and paywalled stories.

A story that is taken for something else is lost, so each kind asks for what the page states of itself *and* for little
running text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from newswatch.pages.model import Claim, StoryLine
from newswatch.text.language import UNSPACED

_ARTICLE = re.compile(r"Article$|BlogPosting$|^Report$|^Review$")
_LISTS = frozenset({"CollectionPage", "ItemList", "SearchResultsPage", "ProfilePage"})
_GALLERIES = frozenset({"ImageGallery", "MediaGallery"})
_DATED = frozenset({"json_ld", "opengraph", "meta", "microdata", "marked_time", "shown"})
_NOT_FOUND = re.compile(
    r"^\W*(?:error|ошибка|помилка|fehler|erreur)\W*404\b|^\W*404(?:$|\s*[|–—:.•·-])|\b404\W+(?:error|not found|page)|"
    r"\bpage (?:was )?not found\b|"
    r"\bpage (?:can(?:no|')t|could not|couldn't) be found\b|\bpage (?:you (?:requested|were looking for)|no longer)|"
    r"страница не (?:найдена|существует)|сторінк[ау] не (?:знайдено|існує)|seite (?:wurde )?nicht gefunden|"
    r"page introuvable|"
    r"página no encontrada|página não encontrada|pagina non trovata|nie znaleziono strony|pagina niet gevonden",
    re.I,
)
_CONSENT = re.compile(
    r"cookie|consent|your privacy|personal data|our partners|gdpr|advertising purposes|before you continue|"
    r"согласи[еям]|персональн\w+ данн\w+|згод[аиу]\b|персональн\w+ дан\w+|datenschutz|einwilligung|"
    r"données personnelles|datos personales",
    re.I,
)
_ENDS = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\[&hellip;\])\s*[)\]»”\"]*$")
_COUNT = re.compile(r"\d{1,6}", re.ASCII)
LITTLE_CHARS = 600  # of a text that stands below a film, or above a series of pictures
SHORT_CHARS = 1500
PAYWALL_CHARS = 1800  # a story that must be paid for and gives less than this gives its beginning
TEASERS = 10  # headings that link to somewhere
LONG_LINE_CHARS = 300
FEW_LINES = 3


def kind_of_page(
    text: str, lines: Sequence[StoryLine], claims: Sequence[Claim], url: str, teaser_count: int
) -> str | None:
    """The kind of a page that is no story: an outcome of `days.dictionary.OUTCOME_DOCS`; None: it may be one.

    `teaser_count`: headings on the page that are links.
    """
    types = {claim.value for claim in claims if claim.field == "type" and claim.source == "json_ld"}
    og_type = next(
        (claim.value.lower() for claim in claims if claim.field == "type" and claim.source == "opengraph"), ""
    )
    is_article = any(map(_ARTICLE.search, types)) or og_type == "article"
    if len(text) < SHORT_CHARS and not (any(map(_ARTICLE.search, types)) or _is_dated(claims)):
        titles = [claim.value for claim in claims if claim.field == "title"]
        if any(_NOT_FOUND.search(title) for title in titles):
            return "soft_404"
        if not is_article and _is_consent(lines, titles):
            return "consent_wall"
    if len(text) < LITTLE_CHARS and not any(map(_ARTICLE.search, types)):
        if "VideoObject" in types or og_type.startswith("video"):
            return "video_page"
        captions = sum(len(line.text) for line in lines if line.zone == "caption")
        if types & _GALLERIES or (captions > 2 * len(text) and sum(line.zone == "caption" for line in lines) >= 5):
            return "gallery_page"
    if not is_article and _is_index(lines, types, claims, url, teaser_count):
        return "index_page"
    return None


def _is_consent(lines: Sequence[StoryLine], titles: Sequence[str]) -> bool:
    """Whether most of what the page says is about consent."""
    texts = [line.text for line in lines if line.zone != "caption"]
    about = sum(len(text) for text in texts if _CONSENT.search(text))
    if any(_CONSENT.search(title) for title in titles):
        return 2 * about > sum(map(len, texts)) or not texts
    return 2 * about > sum(map(len, texts)) and sum(bool(_CONSENT.search(text)) for text in texts) >= 2


def _is_dated(claims: Sequence[Claim]) -> bool:
    """Whether the page says when it was published, for machines or below its headline: walls and error pages do not."""
    return any(claim.field == "published_at" and claim.source in _DATED for claim in claims)


def _is_index(
    lines: Sequence[StoryLine], types: set[str], claims: Sequence[Claim], url: str, teaser_count: int
) -> bool:
    """A front page or a section's: undated; a list by its word or its address, or links with a line of text each."""
    if _is_dated(claims):
        return False
    texts = [line.text for line in lines if line.zone in ("lede", "body")]
    long_count = sum(len(text) >= LONG_LINE_CHARS // (3 if UNSPACED.search(text) else 1) for text in texts)
    if urlsplit(url).path.strip("/") == "" and not urlsplit(url).query:
        return long_count < FEW_LINES and teaser_count >= FEW_LINES
    return long_count == 0 and (bool(types & _LISTS) or teaser_count >= TEASERS)


def is_partial(text: str, lines: Sequence[StoryLine], claims: Sequence[Claim]) -> bool:
    """Whether the page gives the story's beginning alone.

    Its last line breaks off; or the text is short and must be paid for, by the publisher's word or by a line that says
    so; or the publisher counts twice as many words as there are; or it is the first of several pages.
    """
    fields = {claim.field for claim in claims}
    if _ENDS.search(text[-20:]) or ("next_part" in fields and "body" not in fields):
        return True
    is_paid = is_paywalled(claims) or any(line.reason == "paywall" for line in lines)
    if is_paid and len(text) < PAYWALL_CHARS:
        return True
    counts = (int(claim.value) for claim in claims if claim.field == "word_count" and _COUNT.fullmatch(claim.value))
    return not UNSPACED.search(text) and max(100, 2 * len(text.split())) < next(counts, 0)


def is_paywalled(claims: Sequence[Claim]) -> bool:
    """Whether the publisher says that the story must be paid for (schema.org `isAccessibleForFree`, content tier)."""
    texts = [claim.value.lower() for claim in claims if claim.field == "access"]
    return "paid" in texts or "locked" in texts
