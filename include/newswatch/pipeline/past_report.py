"""What was found of a site's past, in figures and in lines for users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from newswatch.history.selection import Days
from newswatch.text.counting import counted

FAULTS_SHOWN = 3  # of a source


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source of a feed's site lists. `oldest`, `newest`: days of publication, as it says.

    `held_count`: of the entries, those of the days asked for. `covered`: days of which it lists all.
    """

    feed_id: str
    kind: str
    address: str
    entry_count: int
    held_count: int
    oldest: date | None
    newest: date | None
    covered: tuple[Days, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastReport:
    """What was found, and what of it is new. `seconds`: to fetch the new pages at the hosts' pace, at least.

    `undated_count`: new pages, or known ones, of which only they themselves can tell when they were published.
    `passed_over`: pages that are not fetched, by reason. `left_count`: those beyond the limit.
    """

    sources: tuple[SourceReport, ...]
    new_count: int
    known_count: int
    undated_count: int
    passed_over: dict[str, int]
    left_count: int
    seconds: float

    def source_lines(self) -> Iterator[str]:
        """What each source lists, and what of it could not be had."""
        for source in self.sources:
            yield f"{source.feed_id}: {source.kind} {source.address}: {_held(source)}"
            yield from (f"  not had: {fault}" for fault in source.faults[:FAULTS_SHOWN])
            if len(source.faults) > FAULTS_SHOWN:
                yield f"  … and {len(source.faults) - FAULTS_SHOWN} more that were not had"

    def summary(self) -> Iterator[str]:
        """What of all that is new, and how long it takes to fetch that."""
        if not self.sources:
            yield "No source was found: neither sitemaps, nor WordPress' interface, nor pages that follow the feed."
            return
        passed_over = "".join(f", {count} {reason}" for reason, count in self.passed_over.items())
        yield f"{counted(self.new_count, 'new page')}, {self.known_count} known{passed_over}."
        if self.undated_count:
            yield f"Of {counted(self.undated_count, 'page')} only they themselves can tell their day."
        if self.left_count:
            yield f"{counted(self.left_count, 'page')} beyond the limit, the oldest: another call goes on with them."
        if self.seconds >= 1:
            yield f"To fetch them takes {_span(self.seconds)} at least: one request at a time for each host."


def _held(source: SourceReport) -> str:
    dated = f" of {source.oldest} to {source.newest}" if source.oldest else ", none of them dated"
    covered = ", ".join(f"{first} to {last}" if first != last else str(first) for first, last in source.covered)
    return (
        f"{counted(source.entry_count, 'page')}{dated}, {source.held_count} of the days asked for"
        f"{f'; lists all of {covered}' if covered else ''}"
    )


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} hours"
