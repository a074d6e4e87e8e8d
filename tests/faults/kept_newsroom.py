"""What tests know of the newsrooms that `undisturbed` and `crumbled` have read."""

from datetime import UTC, date, datetime

ISSUED = date(2026, 11, 21)  # the day that has a digest
LONG_AGO = datetime(2025, 11, 22, 18, 1, tzinfo=UTC)  # whenever tests run: when the crumbled one was first polled …
CRUMBLED = date(2025, 11, 21)  # … and its day that has a digest
