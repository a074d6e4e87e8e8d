"""Trends: what is usual for a topic on a weekday, and whether a day departs from it. A pure function of three tables.

The baseline is the median of the same weekday over the eight weeks before: news has a week's rhythm, and a median of
eight bears three odd days. Spread is the median absolute deviation, which the same three cannot move (Hampel, "The
influence curve and its role in robust estimation", 1974), times 1.4826 to be comparable to a standard deviation; at
least the square root of the baseline, which is what counts scatter by themselves (Poisson). From 3.5 spreads on a day
is a spike (the limit of Iglewicz and Hoaglin, "How to detect and handle outliers", 1993).

A silence is judged by Poisson's law: so few stories, on so many days in a row, where so many were to be expected, come
about by chance less than once in a hundred times.

What outlets usually carry is weighed: where those that are out usually bring a quarter of the topic's stories, a day
that is no spike cannot be told from an outage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, sqrt
from statistics import median
from typing import Any

WEEKS = 8
WINDOW_DAYS = 7 * WEEKS
FEWEST_DAYS = 4  # of eight, for a baseline
SPIKE_DEVIATION = 3.5
SPIKE_STORIES = 3  # more than the baseline, at least
QUIET_SHARE = 0.1  # of what is expected; a day with no more is quiet
SILENT_FROM = 4.6  # expected stories: none of them by chance once in a hundred times, e ** -4.6
OUT_FROM = 6.9  # expected stories of an outlet: none of them once in a thousand times
LONGEST_RUN_DAYS = 28
CANNOT_TELL_FROM = 0.25  # of the topic's usual stories come from outlets that are out
TOPICS = ("day", "topic", "story_count", "topic_terms_version")  # columns of topic_days that are read
CARRIERS = ("day", "topic", "outlet", "story_count")  # of topic_outlet_days
OUTLETS = ("day", "outlet", "story_count", "covering_feed_count")  # of outlet_days
Counts = Mapping[date, int]
Tuples = Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class History:
    """The three tables over WINDOW_DAYS and the day itself. A day that was not built is in none of them."""

    topics: Mapping[str, Mapping[date, tuple[int, str]]]  # story count and topic_terms_version
    carriers: Mapping[str, Mapping[date, Mapping[str, int]]]  # topic → day → outlet → stories
    outlets: Mapping[str, Mapping[date, tuple[int, int]]]  # story count and covering feeds

    @classmethod
    def from_tables(cls, topic_days: Tuples, topic_outlet_days: Tuples, outlet_days: Tuples) -> History:
        """From the values of TOPICS, CARRIERS and OUTLETS, of any number of days."""
        topics: dict[str, dict[date, tuple[int, str]]] = {}
        for day, topic, count, version in topic_days:
            topics.setdefault(topic, {})[day] = (count, version)
        carriers: dict[str, dict[date, dict[str, int]]] = {}
        for day, topic, outlet, count in topic_outlet_days:
            carriers.setdefault(topic, {}).setdefault(day, {})[outlet] = count
        outlets: dict[str, dict[date, tuple[int, int]]] = {}
        for day, outlet, count, covering in outlet_days:
            outlets.setdefault(outlet, {})[day] = (count, covering)
        return cls(topics, carriers, outlets)


def topic_trends(day: date, history: History) -> list[dict[str, Any]]:
    """Rows of the table `topic_trends` for the day's topics, by topic id. Only days up to this one are used."""
    window = [day - timedelta(days=back) for back in range(WINDOW_DAYS, 0, -1)]
    outages = _Outages(day, window, history.outlets)
    topics = sorted(topic for topic, days in history.topics.items() if day in days)
    return [_row(topic, day, window, history, outages) for topic in topics]


def _row(topic: str, day: date, window: Sequence[date], history: History, outages: _Outages) -> dict[str, Any]:
    days = history.topics[topic]
    count, version = days[day]
    alike = [d for d in window if d in days and days[d][1] == version]
    weights = _stories_by_outlet(alike, history.carriers.get(topic, {}))
    missing = outages.share(weights, day)
    comparable = {d: days[d][0] for d in alike if outages.share(weights, d) < CANNOT_TELL_FROM}
    compared = [comparable[d] for d in comparable if (day - d).days % 7 == 0]
    row: dict[str, Any] = {
        "day": day,
        "topic": topic,
        "story_count": count,
        "baseline": None,
        "spread": None,
        "deviation": None,
        "compared_day_count": len(compared),
        "missing_share": missing,
    }
    if len(compared) < FEWEST_DAYS:
        return row | {"state": "cannot_tell" if missing >= CANNOT_TELL_FROM else "too_few"}
    baseline = float(median(compared))
    spread = max(1.4826 * median(abs(c - baseline) for c in compared), sqrt(baseline), 1.0)
    row |= {"baseline": baseline, "spread": spread, "deviation": (count - baseline) / spread}
    if row["deviation"] >= SPIKE_DEVIATION and count - baseline >= SPIKE_STORIES:
        state = "spike"
    elif missing >= CANNOT_TELL_FROM:
        state = "cannot_tell"
    else:
        state = "silence" if _is_silent(day, count, comparable, missing) else "normal"
    return row | {"state": state}


def usual_range(baseline: float, spread: float) -> tuple[int, int]:
    """The fewest and the most stories of a day that is neither a silence, be it the first one, nor a spike."""
    most = ceil(baseline + max(SPIKE_STORIES, SPIKE_DEVIATION * spread)) - 1
    fewest = int(QUIET_SHARE * baseline) + 1 if baseline >= SILENT_FROM else 0
    return fewest, most


def _stories_by_outlet(days: Iterable[date], carriers: Mapping[date, Mapping[str, int]]) -> dict[str, int]:
    """How many of a topic's stories of these days each outlet brought."""
    totals: dict[str, int] = {}
    for day in days:
        for outlet, stories in carriers.get(day, {}).items():
            totals[outlet] = totals.get(outlet, 0) + stories
    return totals


def _is_silent(day: date, count: int, comparable: Counts, missing: float) -> bool:
    """Whether so little, today and on the quiet days just before, is too little for chance."""
    run = 1
    while run < LONGEST_RUN_DAYS and (before := day - timedelta(days=run)) in comparable and comparable[before] == 0:
        run += 1
    earlier = [c for d, c in comparable.items() if d <= day - timedelta(days=run)]
    if not earlier:
        return False
    usual = sum(earlier) / len(earlier) * (1 - missing)
    return count <= QUIET_SHARE * usual and usual * (run if count == 0 else 1) >= SILENT_FROM


class _Outages:
    """Which outlets are out on a day, and to what part (0 to 1) of what they usually bring."""

    def __init__(
        self, day: date, window: Sequence[date], outlets: Mapping[str, Mapping[date, tuple[int, int]]]
    ) -> None:
        self._parts: dict[date, dict[str, float]] = {d: {} for d in (*window, day)}
        self._covered_days = {d for days in outlets.values() for d, (_, covering) in days.items() if covering}
        for outlet, days in outlets.items():
            in_window = [days[d] for d in window if d in days]
            usual = median(covering for _, covering in in_window) if in_window else 0.0
            rate = sum(stories for stories, _ in in_window) / len(in_window) if in_window else 0.0
            for d, parts in self._parts.items():
                if usual and d in days:  # else it is not read any more, or was not yet: nothing is expected of it
                    part = 1.0 if _is_frozen(days, d, rate) else 1.0 - days[d][1] / usual
                    if part > 0:
                        parts[outlet] = part

    def share(self, weights: Mapping[str, int], day: date) -> float:
        """How much of what these outlets bring is missing on the day, 0 to 1; 1 where nobody looked at all."""
        if day not in self._covered_days:
            return 1.0
        total = sum(weights.values())
        missing = sum(weights.get(outlet, 0) * part for outlet, part in self._parts[day].items())
        return missing / total if total else 0.0


def _is_frozen(days: Mapping[date, tuple[int, int]], day: date, rate: float) -> bool:
    """Whether the outlet has brought nothing for longer than chance would have it: a feed can answer and be dead."""
    run = 0
    while run < LONGEST_RUN_DAYS and days.get(day - timedelta(days=run), (1, 0))[0] == 0:
        run += 1
    return run * rate >= OUT_FROM
