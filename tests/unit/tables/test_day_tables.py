"""The table declarations: what is written is what is declared, and every outcome is explained."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import newswatch
from newswatch.days.dictionary import OUTCOME_DOCS, dictionary
from newswatch.net import aiohttp_protocol
from newswatch.tables import batch_tables, day_tables
from newswatch.tables.parquet import Table

SOURCE = Path(newswatch.__file__).parent


def calls(module: str, name: str) -> list[ast.Call]:
    tree = ast.parse((SOURCE / module).read_text())
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [n for n in nodes if getattr(n.func, "id", getattr(n.func, "attr", None)) == name]


def words(nodes: list[ast.expr]) -> set[str]:
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def returned(module: str, *functions: str) -> set[str]:
    """Words in the return statements of these functions: outcomes that are handed on in tuples."""
    tree = ast.parse((SOURCE / module).read_text())
    bodies = [
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name in functions
    ]
    nodes = [
        n for body in bodies for r in ast.walk(body) if isinstance(r, ast.Return | ast.Assign) for n in ast.walk(r)
    ]
    return {word for word in words([n for n in nodes if isinstance(n, ast.expr)]) if re.fullmatch("[a-z_]{2,30}", word)}


def outcomes_in_source() -> set[str]:
    """Outcomes that stand in the source as words: Failure(url, OUTCOME, …), FetchResult(job, OUTCOME, …)."""
    found = {outcome for _, outcome, _ in aiohttp_protocol.KINDS}
    for module in ("net/client.py", "net/politeness.py", "pipeline/feed_request.py"):
        found |= words([call.args[1] for call in calls(module, "Failure") if len(call.args) > 1])
    for module in ("pipeline/page_request.py", "pipeline/fetch.py"):
        found |= words([call.args[1] for call in calls(module, "FetchResult") if len(call.args) > 1])
    found |= words([call.args[1] for call in calls("pipeline/poll_batch.py", "add") if len(call.args) > 2])
    found |= returned("pipeline/feed_request.py", "_understand")
    found |= returned("pipeline/poll_batch.py", "_entry_state")
    return {n for n in found if not n.endswith("_")} - {"pending", "done"}  # a prefix; states of an entry


def test_the_dictionary_explains_every_outcome_that_the_code_can_produce() -> None:
    found = outcomes_in_source()
    assert {"not_modified", "address_refused", "timeout", "same_story", "known", "damaged", "reused"} <= found
    assert found <= set(OUTCOME_DOCS)


def test_the_dictionary_names_every_table_column_and_outcome() -> None:
    text = dictionary()
    for table in (*day_tables.TABLES, *batch_tables.BATCH_TABLES):
        assert f"## {table.name}\n" in text
        for column in table.columns:
            assert f"| `{column.name}` | {column.type} | {column.doc} |" in text
    for outcome in OUTCOME_DOCS:
        assert f"| `{outcome}` |" in text


@pytest.mark.parametrize("table", [*day_tables.TABLES, *batch_tables.BATCH_TABLES], ids=lambda t: t.name)
def test_a_tables_key_is_made_of_its_columns_and_every_column_is_explained(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert set(table.key) <= set(names)
    assert len(names) == len(set(names))
    assert all(column.doc.endswith(".") for column in table.columns)
    assert [field.name for field in table.schema] == names


@pytest.mark.parametrize("table", [*day_tables.TABLES, *batch_tables.BATCH_TABLES], ids=lambda t: t.name)
def test_a_table_without_rows_keeps_its_columns(table: Table) -> None:
    content = table.to_bytes([])
    assert table.from_bytes(content) == []
    assert list(table.frame(content).columns) == [column.name for column in table.columns]


def test_rows_in_any_order_give_the_same_bytes_and_come_back_sorted() -> None:
    rows = [{"feed_id": "f", "entry_key": key, "authors": ["Ann"]} for key in ("b", "a", "c")]
    content = batch_tables.ENTRIES.to_bytes(rows)
    assert content == batch_tables.ENTRIES.to_bytes(rows[::-1])
    assert [row["entry_key"] for row in batch_tables.ENTRIES.from_bytes(content)] == ["a", "b", "c"]


def test_a_column_that_the_first_row_lacks_is_kept() -> None:
    content = batch_tables.ENTRIES.to_bytes(
        [{"feed_id": "f", "entry_key": "a"}, {"feed_id": "f", "entry_key": "b", "title": "T"}]
    )
    assert [row["title"] for row in batch_tables.ENTRIES.from_bytes(content)] == [None, "T"]
