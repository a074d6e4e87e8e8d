"""What tests know of the newsroom that `undisturbed` has read."""

from datetime import date

ISSUED = date(2026, 11, 21)  # the day that has a digest
