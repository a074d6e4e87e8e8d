"""How a poll is shared out: by how many tasks run at a time."""

from __future__ import annotations

from typing import Any

import pytest

from newswatch_airflow.capacity import slots_of
from newswatch_airflow.pools import sizes
from newswatch_airflow.tasks import shards_for


def worker(processes: int) -> dict[str, Any]:
    """What a Celery worker says of itself, as far as it matters here."""
    return {"pid": 7, "pool": {"max-concurrency": processes, "processes": [8, 9]}, "total": {}}


@pytest.mark.parametrize(
    ("workers", "slots"),
    [({}, 0), ({"celery@a": worker(2)}, 2), ({"celery@a": worker(2), "celery@b": worker(6)}, 8)],
)
def test_slots_are_the_processes_of_all_workers(workers: dict[str, Any], slots: int) -> None:
    assert slots_of(workers) == slots


@pytest.mark.parametrize(("slots", "shards"), [(1, 1), (2, 1), (4, 2), (5, 2), (16, 8), (500, 16)])
def test_a_poll_takes_half_of_the_slots(slots: int, shards: int) -> None:
    assert shards_for(slots) == shards


@pytest.mark.parametrize(("parallelism", "cpu"), [(1, 1), (2, 1), (4, 3), (32, 31)])
def test_work_for_processors_never_gets_every_slot(parallelism: int, cpu: int) -> None:
    assert sizes(parallelism) == {"newswatch_network": parallelism, "newswatch_cpu": cpu}
