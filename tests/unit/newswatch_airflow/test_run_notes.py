"""Run notes: what failed comes first, by name."""

from __future__ import annotations

from types import SimpleNamespace

from newswatch_airflow.run_notes import MAX_NAMES, failure_lines


def task(task_id: str, state: str, index: int = -1, name: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(task_id=task_id, state=state, map_index=index, rendered_map_index=name)


def test_a_failed_shard_is_named_by_what_it_did() -> None:
    tasks = [
        task("plan", "success"),
        task("poll", "success", 0, "feeds 1 to 5"),
        task("poll", "failed", 1, "feeds 6 to 9"),
    ]
    tasks.append(task("build", "upstream_failed"))
    assert failure_lines(tasks) == ["**1 of 4 tasks failed**: poll feeds 6 to 9. Their logs say why."]
    assert failure_lines(tasks[:2]) == []


def test_many_failures_are_counted() -> None:
    (line,) = failure_lines([task("poll", "failed", n) for n in range(MAX_NAMES + 3)])
    assert line.endswith("poll 4 and 3 more. Their logs say why.")
