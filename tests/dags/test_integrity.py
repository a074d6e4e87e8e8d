"""The DAG files as Airflow reads them: quickly, without a network, documented."""

from __future__ import annotations

import ast
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from newswatch_airflow.local.environment import PROJECT

DAG_FILES = sorted((PROJECT / "dags").glob("*.py"))
HEAVY = ("pandas", "pyarrow", "trafilatura", "feedparser", "aiohttp", "newswatch.pipeline", "fastapi")


@pytest.fixture(scope="module")
def bag(airflow_database: str) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(PROJECT / "dags"))


def test_every_dag_file_loads_without_error_or_warning(bag: Any) -> None:
    assert bag.import_errors == {}
    assert {path: warned for path, warned in bag.captured_warnings.items() if warned} == {}
    expected = {"poll_feeds", "refresh_day", "daily_digest", "watch_feeds", "maintain_store", "recover_history"}
    assert set(bag.dags) == expected


def test_every_dag_file_is_parsed_in_less_than_a_second(bag: Any) -> None:
    assert len(bag.dagbag_stats) == len(DAG_FILES)
    assert {stat.file: stat.duration for stat in bag.dagbag_stats if stat.duration.total_seconds() > 1} == {}


def test_every_dag_says_what_it_does_and_every_param_too(bag: Any) -> None:
    for dag in bag.dags.values():
        assert dag.doc_md
        assert len(dag.doc_md) > 200
        for name in dag.params:
            assert dag.params.get_param(name).description, f"{dag.dag_id}: {name}"


def test_the_digest_tells_how_to_reprocess_days_that_have_a_run(bag: Any) -> None:
    doc = bag.dags["daily_digest"].doc_md
    assert "--reprocess-behavior completed" in doc
    assert "airflow backfill create" in doc
    assert "/api/v2/backfills" in doc


def test_every_dag_survives_serialisation(bag: Any) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in bag.dags.values():
        stored = DagSerialization.to_dict(dag)
        again = DagSerialization.from_dict(stored)
        assert again.timetable.summary == DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable.summary
        assert again.task_ids == dag.task_ids


def test_parsing_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag

    def refuse(*_: object) -> None:
        raise AssertionError("a connection while parsing")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    assert DagBag(str(PROJECT / "dags")).import_errors == {}


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda p: p.name)
def test_a_dag_file_is_short_and_knows_airflow_by_its_sdk_alone(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= 90
    imported = [n.module for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom) and n.module]
    assert [m for m in imported if m.startswith("airflow") and not m.startswith("airflow.sdk")] == []
    assert [m for m in imported if m.split(".")[0] == "newswatch"] == []


PARSED = [*DAG_FILES, PROJECT / "plugins" / "newswatch_plugin.py"]


@pytest.fixture(scope="module")
def heavy_imports() -> dict[str, list[str]]:
    """What each file is the first to import of what is heavy, in one process: Airflow's own start takes most time."""
    script = (
        f"import json, runpy, sys; found = {{}}\n"
        f"for path in {[str(p) for p in PARSED]!r}:\n"
        f"    before = set(sys.modules); runpy.run_path(path)\n"
        f"    found[path] = [m for m in {HEAVY!r} if m in sys.modules and m not in before]\n"
        f"print(json.dumps(found))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("path", PARSED, ids=lambda p: p.name)
def test_what_every_task_process_runs_imports_nothing_heavy(path: Path, heavy_imports: dict[str, list[str]]) -> None:
    assert heavy_imports[str(path)] == []
