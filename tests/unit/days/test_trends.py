"""What is usual for a topic, and when a day departs from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from newswatch.days import trends
from newswatch.days.trends import History, topic_trends

DAY = date(2026, 11, 25)  # a Wednesday
USUAL = (4, 5, 6, 5, 4, 1, 0)  # stories a weekday, Monday first


def history(
    today: int | Mapping[int, int],
    *,
    usual: tuple[int, ...] = USUAL,
    outlets: Mapping[str, float] | None = None,
    covering: Mapping[tuple[str, int], int] | None = None,
    published: Mapping[tuple[str, int], int] | None = None,
    version_of: Any = lambda back: "v",
    days: int = 57,
) -> History:
    """A topic's ten weeks: `today` says what differs, by days back; `covering` and `published` what outlets did."""
    differs = {0: today} if isinstance(today, int) else today
    shares = outlets or {"A": 0.6, "B": 0.4}
    topics, carriers, of_outlets = [], [], []
    for back in range(days):
        day = DAY - timedelta(days=back)
        count = differs.get(back, usual[day.weekday()])
        topics.append((day, "t", count, version_of(back)))
        carriers += [(day, "t", name, round(count * share * 10)) for name, share in shares.items()]
        for name in shares:
            stories = (published or {}).get((name, back), 8)
            of_outlets.append((day, name, stories, (covering or {}).get((name, back), 1)))
    return History.from_tables(topics, carriers, of_outlets)


def trend(given: History, day: date = DAY) -> dict[str, Any]:
    (row,) = topic_trends(day, given)
    return row


def test_a_usual_day_is_normal_beside_the_same_weekday_of_eight_weeks() -> None:
    row = trend(history(6))
    assert (row["state"], row["baseline"], row["compared_day_count"]) == ("normal", 6.0, 8)
    assert row["deviation"] == 0
    sunday = DAY - timedelta(days=3)
    assert trend(history(6, days=70), sunday)["baseline"] == 0


def test_a_day_far_above_the_baseline_is_a_spike() -> None:
    row = trend(history(20))
    assert row["state"] == "spike"
    assert row["spread"] == pytest.approx(6**0.5)  # counts scatter by their root, whatever the eight days did
    assert row["deviation"] == pytest.approx((20 - 6) / 6**0.5)
    assert trend(history(14))["state"] == "normal"


def test_one_odd_week_does_not_move_the_baseline() -> None:
    assert trend(history({0: 6, 7: 90, 14: 0, 21: 55}))["baseline"] == 6


def test_two_stories_where_there_are_none_are_no_spike() -> None:
    assert trend(history(2, usual=(0,) * 7))["state"] == "normal"
    assert trend(history(4, usual=(0,) * 7))["state"] == "spike"


def test_no_story_where_many_are_usual_is_a_silence_on_the_first_day() -> None:
    assert trend(history(0, usual=(9,) * 7))["state"] == "silence"


def test_no_story_where_few_are_usual_is_a_silence_after_some_days() -> None:
    states = [trend(history(dict.fromkeys(range(n + 1), 0), usual=(2,) * 7))["state"] for n in range(4)]
    assert states == ["normal", "normal", "silence", "silence"]


def test_a_zero_of_a_topic_that_is_always_zero_is_normal() -> None:
    assert trend(history(0, usual=(0,) * 7))["state"] == "normal"


def test_fewer_than_four_comparable_weekdays_are_too_few() -> None:
    row = trend(history(6, days=22))
    assert (row["state"], row["baseline"], row["compared_day_count"]) == ("too_few", None, 3)


def test_days_that_were_tagged_with_other_terms_are_not_compared() -> None:
    row = trend(history(6, version_of=lambda back: "v" if back < 30 else "old"))
    assert (row["compared_day_count"], row["state"]) == (4, "normal")
    assert trend(history(6, version_of=lambda back: "v" if back < 28 else "old"))["state"] == "too_few"


def test_a_zero_while_the_feeds_that_carry_the_topic_are_out_cannot_be_told() -> None:
    row = trend(history(0, usual=(9,) * 7, covering={("A", 0): 0}))
    assert row["missing_share"] == pytest.approx(0.6, abs=0.01)
    assert row["state"] == "cannot_tell"
    few = {"A": 0.1, "B": 0.9}
    assert trend(history(0, usual=(9,) * 7, covering={("A", 0): 0}, outlets=few))["state"] == "silence"


def test_an_outage_of_an_outlet_that_never_carries_the_topic_changes_nothing() -> None:
    row = trend(history(0, usual=(9,) * 7, outlets={"A": 1.0, "B": 0.0}, covering={("B", 0): 0}))
    assert (row["missing_share"], row["state"]) == (0, "silence")


def test_a_spike_is_a_spike_though_feeds_are_out() -> None:
    assert trend(history(30, covering={("A", 0): 0}))["state"] == "spike"


def test_nothing_can_be_told_of_a_day_on_which_nobody_looked() -> None:
    row = trend(history(0, covering={("A", 0): 0, ("B", 0): 0}))
    assert (row["missing_share"], row["state"]) == (1, "cannot_tell")


def test_days_of_an_outage_are_left_out_of_the_baseline() -> None:
    out = {("A", 7 * week): 0 for week in (1, 2, 3)}
    row = trend(history({0: 6, 7: 0, 14: 0, 21: 0}, covering=out))
    assert (row["baseline"], row["compared_day_count"]) == (6, 5)


def test_a_feed_that_never_covers_is_not_missed() -> None:
    never = {("B", back): 0 for back in range(57)}
    row = trend(history(6, covering=never))
    assert (row["missing_share"], row["state"]) == (0, "normal")


def test_an_outlet_whose_feed_answers_and_brings_nothing_for_days_counts_as_out() -> None:
    frozen = {("A", back): 0 for back in range(3)}
    row = trend(history(dict.fromkeys(range(3), 0), usual=(3,) * 7, published=frozen, outlets={"A": 0.9, "B": 0.1}))
    assert row["state"] == "cannot_tell"
    quiet = trend(history(0, usual=(9,) * 7, published={("B", 0): 0}, outlets={"A": 0.9, "B": 0.1}))
    assert quiet["state"] == "silence"


def test_a_day_depends_on_no_later_one() -> None:
    then = DAY - timedelta(days=7)
    short = history({7: 20}, days=70)
    cut = History.from_tables(
        *(
            [row for row in rows if row[0] <= then]
            for rows in (
                [(d, t, *v) for t, days in short.topics.items() for d, v in days.items()],
                [(d, t, o, c) for t, days in short.carriers.items() for d, m in days.items() for o, c in m.items()],
                [(d, o, *v) for o, days in short.outlets.items() for d, v in days.items()],
            )
        )
    )
    assert trend(short, then) == trend(cut, then)


def test_chance_alone_seldom_makes_a_spike_or_a_silence() -> None:
    """A hundred topics whose stories come by Poisson's law: the rules name few of their days."""
    rng = Random(6)

    def poisson(mean: float) -> int:
        count, left = 0, rng.expovariate(1.0)
        while left < mean:
            count, left = count + 1, left + rng.expovariate(1.0)
        return count

    states = []
    for number in range(100):
        mean = 0.5 + number / 8
        states.append(trend(history({back: poisson(mean) for back in range(57)}))["state"])
    assert states.count("spike") + states.count("silence") <= 4


@pytest.mark.parametrize("usual", [0, 1, 2, 4, 9, 30])
def test_the_usual_range_ends_where_a_spike_begins_and_begins_where_a_silence_ends(usual: int) -> None:
    row = trend(history(usual, usual=(usual,) * 7))
    fewest, most = trends.usual_range(row["baseline"], row["spread"])
    states = {n: trend(history(n, usual=(usual,) * 7))["state"] for n in range(most + 2)}
    assert [n for n, state in states.items() if state == "normal"] == list(range(fewest, most + 1))
    assert states[most + 1] == "spike"
