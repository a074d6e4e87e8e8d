"""What the headers of an answer say: how long to wait, how long it stays fresh."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newswatch.net.headers import max_age_seconds, retry_after_seconds

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


def test_retry_after_is_understood_in_both_forms() -> None:
    assert retry_after_seconds("120", NOW) == 120
    assert retry_after_seconds("Sun, 22 Nov 2026 19:00:00 GMT", NOW) == 3600
    assert retry_after_seconds("Sun, 22 Nov 2026 17:00:00 GMT", NOW) == 0
    assert retry_after_seconds("soon", NOW) is None
    assert retry_after_seconds(None, NOW) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("max-age=600", 600), ("public, Max-Age=60, x", 60), ('max-age="5"', 5), ("no-cache", 0), ("s-maxage=9", 0)],
)
def test_the_age_that_a_server_states_is_read(header: str, seconds: float) -> None:
    assert max_age_seconds(header) == seconds
    assert max_age_seconds(None) == 0
