"""Records as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def row_of(record: DataclassInstance) -> dict[str, Any]:
    """The record's fields by name; `asdict` would copy each value, ten times as slow."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
