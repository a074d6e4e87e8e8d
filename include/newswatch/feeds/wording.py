"""The wording of an entry, as hashes that the ledger keeps: was a listing edited, do two entries say the same?"""

from __future__ import annotations

import hashlib

from newswatch.feeds.model import Entry

_DIGITS = 16


def fingerprint(entry: Entry) -> str:
    """16 hex digits of the SHA-256 of the title, 16 of the summary's, 16 of the latest date's."""
    stated = entry.updated_at.isoformat() if entry.updated_at else ""
    return "".join(_hash(text) for text in (entry.title, entry.summary, stated))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def title_of(known: str) -> str:
    """The part of a fingerprint that is the title's."""
    return known[:_DIGITS]


def words_of(known: str) -> str:
    """The part of a fingerprint that is the title's and the summary's."""
    return known[: 2 * _DIGITS]


def is_same_story(one: str, other: str, *, is_one_feed: bool) -> bool:
    """Whether two entries behind one link that is no story's page tell one story.

    Of one feed, which told them apart by their keys, title and summary must be the same; of two feeds one of them.
    """
    if is_one_feed or words_of(one) == words_of(other):
        return words_of(one) == words_of(other)
    titles, summaries = ((part(one), part(other)) for part in (title_of, _summary_of))
    return any(a == b != _hash("") for a, b in (titles, summaries))


def _summary_of(known: str) -> str:
    return words_of(known)[_DIGITS:]


def date_of(known: str) -> str:
    """The part of a fingerprint that is the latest date's; "" where it was taken before dates were noted."""
    return known[2 * _DIGITS :]


def is_whole(known: str | None) -> bool:
    """Whether a fingerprint has all its parts; one of an earlier version may lack some."""
    return known is not None and len(known) == 3 * _DIGITS


def is_dated_anew(before: str, now: str) -> bool:
    """Whether the entry states another date than before, and says the same otherwise."""
    return words_of(before) == words_of(now) and date_of(before) not in ("", date_of(now))


def is_edited(before: str, now: str) -> bool:
    """Whether the entry has another title, summary or date than before."""
    return words_of(before) != words_of(now) or is_dated_anew(before, now)
