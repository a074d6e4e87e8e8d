"""Which of the pages that a site lists are to be fetched, and over which days its lists reach wholly. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta

from newswatch.history.model import PastDocument, PastEntry, Span, period_in, whole_period_in
from newswatch.history.site import Site
from newswatch.local_days import ONE_DAY, day_of, days_from, runs
from newswatch.urls.canonical import canonical_url, twin_key

LONGEST_SILENCE = timedelta(days=7)  # between two dated stories of a list that reaches over the days between them
MOST_LACKING = 0.05  # of the stories of a feed in a list that is meant to have all: pages are taken down and moved

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


def select(listed: Iterable[Listed], span: Span, site: Site) -> Selection:
    """Each page once, if it is on the feed's part of its site and may have been published in the span.

    Of two lists of a page the first that says when it was published counts, else the first.
    """
    passed_over: Counter[str] = Counter()
    kept: dict[str, tuple[Listed, bool | None]] = {}
    for page in listed:
        url = canonical_url(page.entry.url)
        if not site.holds(url):
            passed_over["of another part of the site" if site.holds_host(url) else "of another site"] += 1
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
    documents: Sequence[tuple[str, PastDocument]], missing: Sequence[str], span: Span, today: date
) -> tuple[Days, ...]:
    """Days of the span whose stories the sitemaps (address, document) list to the last one.

    `missing`: addresses of those that may list the span and could not be had; one that is cut is missing too. A sitemap
    whose address states its period and no other number, and that has a story of it, lists all of that: of a period that
    goes on, what was before its newest story's day. All others do together, between two dated stories that are not
    further apart than LONGEST_SILENCE, where none is missing; not on the days of these, at which a list may begin and
    end. No day of a period of which anything is missing is listed to the last.
    """
    whole = [(url, document) for url, document in documents if not (document.is_cut or document.left_out_count)]
    missing = [*missing, *(url for url, document in documents if document.is_cut or document.left_out_count)]
    stretches: list[Days] = []
    loose: set[date] = set()
    for url, document in whole:
        days = {day for entry in document.entries if (day := day_published(entry, span))}
        period = whole_period_in(url)
        if period is None:
            loose |= days
        elif of_period := [day for day in days if period[0] <= day <= period[1]]:
            stretches.append((period[0], period[1] if period[1] < today else max(of_period) - ONE_DAY))
    if not missing:
        stretches += [(first + ONE_DAY, last - ONE_DAY) for first, last in runs(loose, LONGEST_SILENCE)]
    lacking = [period for url in missing if (period := period_in(url))]
    days_listed = {day for stretch in merged(stretches, span) for day in days_from(*stretch)}
    return tuple(runs([d for d in days_listed if not any(first <= d <= last for first, last in lacking)]))


def believed(
    stretches: Sequence[Days], known: Iterable[tuple[date, AbstractSet[str]]], listed: AbstractSet[str]
) -> tuple[tuple[Days, ...], int]:
    """The stretches without days of which a list lacks a story that is known; none, where it lacks many of all.

    `known`: stories by day, each with its names; `listed`: the list's. Also returns how many it lacks.
    """
    by_day = [(day, listed.isdisjoint(names)) for day, names in known]
    lacking = {day for day, is_lacking in by_day if is_lacking}
    count = sum(is_lacking for _, is_lacking in by_day)
    if count > MOST_LACKING * len(by_day):
        return (), count
    kept = (day for stretch in stretches for day in days_from(*stretch) if day not in lacking)
    return tuple(runs(sorted(kept))), count


def covered_by_pages(pages: Sequence[Sequence[PastEntry]], span: Span) -> tuple[Days, ...]:
    """Days of the span over which pages in the order of time, newest first, reach: those after all of the last page.

    Single stories may be out of that order: a feed pins old ones to its top.
    """
    days = [{day for entry in page if (day := day_published(entry, span))} for page in pages]
    return merged([(max(days[-1]) + ONE_DAY, max(set().union(*days)))], span) if days and days[-1] else ()


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
