"""Which of the pages that a site lists are to be fetched, and over which days its lists reach wholly. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from newswatch.history.model import PastDocument, PastEntry, Span, period_in
from newswatch.local_days import ONE_DAY, day_of, runs
from newswatch.urls.canonical import canonical_url, is_same_site, twin_key

LONGEST_SILENCE = timedelta(days=7)  # between two dated stories of a list that reaches over the days between them

Days = tuple[date, date]  # first and last


@dataclass(frozen=True, slots=True)
class Listed:
    """A page that a source lists; `via`: the source's kind."""

    entry: PastEntry
    via: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Pages to be fetched, and how many of all that are listed are not: by reason.

    `undated_count`: those of the wanted ones of which only the page can tell when it was published.
    """

    wanted: tuple[Listed, ...]
    passed_over: dict[str, int]
    undated_count: int


def select(listed: Iterable[Listed], span: Span, sites: Sequence[str]) -> Selection:
    """Each page once, if it is on one of the `sites` (addresses) and may have been published in the span.

    Of two lists of a page the first that says when it was published counts, else the first.
    """
    passed_over: Counter[str] = Counter()
    kept: dict[str, tuple[Listed, bool | None]] = {}
    for page in listed:
        url = canonical_url(page.entry.url)
        if not any(is_same_site(url, site) for site in sites):
            passed_over["of another site"] += 1
            continue
        key, holds = twin_key(url), span.holds(page.entry)
        before = kept.get(key)
        if before:
            passed_over["listed twice"] += 1
        if before is None or (before[1] is None and holds is not None):
            kept[key] = page, holds
    passed_over["of other days"] = sum(holds is False for _, holds in kept.values())
    return Selection(
        wanted=tuple(page for page, holds in kept.values() if holds is not False),
        passed_over={reason: count for reason, count in sorted(passed_over.items()) if count},
        undated_count=sum(holds is None for _, holds in kept.values()),
    )


def covered_by_sitemaps(
    documents: Sequence[tuple[str, PastDocument]], span: Span, *, is_all_had: bool
) -> tuple[Days, ...]:
    """Days of the span whose stories the sitemaps (address, document) list to the last one.

    A document whose address states its period, and that has a story of it, lists all of that. Others have no period:
    they do together, between two dated stories that are not further apart than LONGEST_SILENCE, if `is_all_had`: no
    document of the site that might list the span is missing.
    """
    stretches: list[Days] = []
    loose: set[date] = set()
    for url, document in documents:
        days = {day for entry in document.entries if (day := day_published(entry, span))}
        period = period_in(url)
        if period is None:
            loose |= days
            is_all_had = is_all_had and not (document.is_cut or document.left_out_count)
        elif not (document.is_cut or document.left_out_count) and any(period[0] <= day <= period[1] for day in days):
            stretches.append(period)
    return merged([*stretches, *(runs(loose, LONGEST_SILENCE) if is_all_had else ())], span)


def covered_by_pages(entries: Iterable[PastEntry], span: Span) -> tuple[Days, ...]:
    """Days of the span over which a listing in the order of time reaches: those after that of its oldest entry."""
    days = {day for entry in entries if (day := day_published(entry, span))}
    return merged([(min(days) + ONE_DAY, max(days))], span) if days else ()


def day_published(entry: PastEntry, span: Span) -> date | None:
    """The day on which it was published, as its source says; None: that does not say."""
    return entry.published_day or (day_of(entry.published_at, span.tz) if entry.published_at else None)


def merged(stretches: Iterable[Days], span: Span) -> tuple[Days, ...]:
    """The stretches within the span, those that touch made one."""
    kept: list[Days] = []
    for first, last in sorted(stretches):
        first, last = max(first, span.first), min(last, span.last)
        if last < first:
            continue
        if kept and first <= kept[-1][1] + ONE_DAY:
            kept[-1] = kept[-1][0], max(last, kept[-1][1])
        else:
            kept.append((first, last))
    return tuple(kept)
