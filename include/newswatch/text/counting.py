"""Numbers with their nouns."""

from __future__ import annotations

from collections.abc import Mapping


def named_counts(counts: Mapping[str, int]) -> str:
    """`ok 3, gone 1`, those that are none left out; `none` where all are."""
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 topic`, `0 topics`, `2 stories`; `plural` where it is neither `-s` nor `-ies` for `-y`."""
    if count == 1:
        return f"1 {noun}"
    if not plural:
        plural = f"{noun[:-1]}ies" if noun[-1] == "y" and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{count} {plural}"
