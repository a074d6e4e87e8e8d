"""The page *Feeds*: how each has done, those that need a look first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from newswatch.pipeline import FeedHealth


def of_feeds(feeds: Sequence[FeedHealth], now: datetime) -> dict[str, Any]:
    """What the template shows; `now` is the moment as of which `feeds` was read."""
    conditions = Counter(feed.condition for feed in feeds)
    days = len(feeds[0].new_entries) if feeds else 0
    return {"feeds": feeds, "now": now, "days": days, "conditions": list(conditions.items())}


def span(time: timedelta) -> str:
    """A time in the unit in which people would say it: 12 min, 5 h, 3 days."""
    minutes = max(0, round(time / timedelta(minutes=1)))
    if minutes < 90:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"


def rate(entries_a_day: float) -> str:
    """Whole numbers from ten on, one decimal below, and what is next to nothing said so."""
    if entries_a_day >= 9.95:
        return f"{entries_a_day:.0f}"
    return f"{entries_a_day:.1f}" if entries_a_day >= 0.05 else "< 0.1"


def bars(feed: FeedHealth) -> list[tuple[date, int, float]]:
    """Day, new entries, and the height of its bar, 1 to 23. The day that brought a new feed's whole listing is cut."""
    counts = sorted(count for _, count in feed.new_entries)
    most = max(1.0, counts[-2] * 1.2 if len(counts) > 1 and counts[-2] else counts[-1])
    return [(day, count, round(1 + 22 * min(1.0, count / most), 1)) for day, count in feed.new_entries]
