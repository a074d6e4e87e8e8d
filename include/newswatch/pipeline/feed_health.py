"""Health: how each feed has done, for the page that shows it and for those who are told when it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from newswatch.config.catalogue import Feed
from newswatch.feeds import health, schedule
from newswatch.feeds.state import SUCCESSES, FeedState
from newswatch.ledger import health as ledger_health
from newswatch.ledger.health import Alternative
from newswatch.pipeline.installation import Newswatch

SHOWN_DAYS = 14
FIRST_READING_DAYS = 2  # in which the pages of a feed's first listing are fetched
BAD = ("quiet", "failing", "refused", "gone")  # each worse than the one before
_ORDER = {condition: place for place, condition in enumerate(health.CONDITIONS)}


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """One feed's last two weeks. `condition`, `entry_rate`: see `feeds.health`; times in UTC."""

    feed_id: str
    outlet: str
    state: FeedState
    condition: str
    entry_rate: float | None  # a day; None: not known yet
    new_entries: tuple[tuple[date, int], ...]  # for each day, oldest first
    failures: dict[str, int] = field(default_factory=dict)  # outcome → polls
    poll_count: int = 0
    gap_count: int = 0
    far_date_count: int = 0  # pages whose date lies far from the feed's and from the first sight; of no first listing
    way_out: str = ""  # what is to be done about the condition
    alternatives: tuple[Alternative, ...] = ()  # of a refused one: other sources that its site was found to have

    @property
    def detail(self) -> str:
        """What the last poll said of its end."""
        return self.state.last_detail or ""

    @property
    def interval(self) -> timedelta | None:
        """Between the last poll and the next."""
        if self.state.polled_at is None or self.state.next_due_at is None:
            return None
        return self.state.next_due_at - self.state.polled_at

    @property
    def is_moved(self) -> bool:
        return self.state.moved_count >= schedule.MOVES_TO_LEARN


@dataclass(frozen=True, slots=True)
class Notice:
    """One feed that turned bad, or is back."""

    feed_id: str
    outlet: str
    condition: str  # failing, gone, refused, quiet; well: it is back
    detail: str
    url: str
    succeeded_at: datetime | None


def feed_health(connection: sa.Connection, feeds: Iterable[Feed], now: datetime, today: date) -> list[FeedHealth]:
    """Every configured feed, those that need a look first."""
    days = [today - timedelta(days=n) for n in reversed(range(SHOWN_DAYS))]
    states = ledger_health.states(connection)
    far_dates = ledger_health.far_dates(connection, days[0])
    alternatives = ledger_health.alternatives(connection)
    of_feed: dict[str, list[ledger_health.PollCount]] = {}
    for count in ledger_health.counts(connection, days[0]):
        of_feed.setdefault(count.feed_id, []).append(count)
    found = []
    for feed in feeds:
        state = states.get(feed.id)
        if state is None or state.url != feed.url:  # what is known belongs to another address
            state = FeedState(feed.id, feed.url)
        counts = of_feed.get(feed.id, [])
        failures: Counter[str] = Counter()
        new: Counter[date] = Counter()
        for count in counts:
            new[count.day] += count.new_entry_count
            if count.outcome not in SUCCESSES or count.outcome == "damaged":
                failures[count.outcome] += count.poll_count
        gap_count = sum(count.gap_count for count in counts)
        condition = health.condition(state, now, gap_count)
        others = alternatives[feed.id][1] if condition == "refused" and feed.id in alternatives else []
        found.append(
            FeedHealth(
                feed_id=feed.id,
                outlet=feed.publisher,
                state=state,
                condition=condition,
                entry_rate=health.measured_rate(state, now),
                new_entries=tuple((day, new[day]) for day in days),
                failures=dict(failures.most_common()),
                poll_count=sum(count.poll_count for count in counts),
                gap_count=gap_count,
                far_date_count=_far_date_count(far_dates.get(feed.id, {}), counts, days[0]),
                way_out=health.way_out(state, now),
                alternatives=tuple(others),
            )
        )
    return sorted(found, key=lambda h: (_ORDER[h.condition], h.outlet.casefold(), h.feed_id))


def _far_date_count(of_days: Mapping[date, int], counts: Sequence[ledger_health.PollCount], first_shown: date) -> int:
    """Pages with far dates, but for those of a first listing: that reaches back to pages of long ago."""
    first_read = min((count.day for count in counts if count.outcome in SUCCESSES), default=first_shown)
    if first_read == first_shown:  # it was read before, as far as one can see
        return sum(of_days.values())
    return sum(count for day, count in of_days.items() if day >= first_read + timedelta(days=FIRST_READING_DAYS))


def _badness(condition: str | None) -> int:
    return BAD.index(condition) + 1 if condition in BAD else 0


def watch_feeds(nw: Newswatch, tell: Callable[[Sequence[Notice]], None]) -> list[Notice]:
    """Tell of feeds that have turned bad, or worse, since the last call, and of those that are back; each once.

    `tell` gets them all at once and raises if it cannot: then they count as not told. Nothing to tell: no call.
    """
    now = nw.clock()
    with nw.ledger.begin() as connection:
        told = ledger_health.told(connection)
        notices = []
        for feed in feed_health(connection, nw.catalogue.feeds, now, nw.day_of(now)):
            state, before = feed.state, told.get(feed.feed_id)
            is_worse = _badness(feed.condition) > _badness(before)
            if is_worse or (before and health.is_back(state, now)):
                found, detail = (feed.condition, feed.detail) if is_worse else ("well", "")  # it may be one with gaps
                notices.append(Notice(feed.feed_id, feed.outlet, found, detail, state.url, state.succeeded_at))
        if notices:
            tell(notices)
        ledger_health.save_told(
            connection, {n.feed_id: None if n.condition == "well" else n.condition for n in notices}
        )
    return notices
