"""Run notes: what failed comes first, by name."""

from __future__ import annotations

from types import SimpleNamespace

from newswatch_airflow.run_notes import MAX_NAMES, backfill_line, failure_lines, is_by_hand


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


def test_a_backfill_says_how_far_it_is_and_what_it_changed() -> None:
    builds = [{"day": "2026-11-01", "stories": 12, "changed": True}, {"stories": 1, "changed": False}, {}]
    assert backfill_line(60, ["success", "failed", "success"], builds) == (
        "The backfill so far: 3 of 60 days done, 1 of them failed; 13 stories; tables of 1 day changed."
    )
    assert backfill_line(1, ["success"], []) == (
        "The backfill so far: 1 of 1 day done; 0 stories; tables of 0 days changed."
    )


def test_a_note_of_an_earlier_try_goes_and_a_users_stays() -> None:
    assert not is_by_hand(None)
    assert not is_by_hand(SimpleNamespace(content="Polled", user_id=None))
    assert is_by_hand(SimpleNamespace(content="look at this", user_id="1"))
