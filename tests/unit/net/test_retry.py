"""When a page is asked for again, and how long its host is left in peace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newswatch.net import retry

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_page_gets_three_attempts() -> None:
    assert retry.next_attempt_at(1, NOW) == NOW + timedelta(minutes=10)
    assert retry.next_attempt_at(2, NOW) == NOW + timedelta(minutes=40)
    assert retry.next_attempt_at(3, NOW) is None
    assert retry.next_attempt_at(1, NOW, 3600.0) == NOW + timedelta(hours=1)
    assert retry.next_attempt_at(1, NOW, float("inf")) == NOW + timedelta(days=1)


def test_a_page_of_a_host_that_wants_rest_waits_six_hours_at_most() -> None:
    assert retry.paused_until(NOW - HOUR, NOW, None) == NOW + timedelta(minutes=10)
    assert retry.paused_until(NOW - HOUR, NOW, 3600.0) == NOW + HOUR
    assert retry.paused_until(NOW - HOUR, NOW, 1e9) == NOW + 5 * HOUR
    assert retry.paused_until(NOW - 6 * HOUR, NOW, None) is None
