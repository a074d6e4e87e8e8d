"""The executor's queue: a worker that is killed while it waits for work takes nobody else's."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator

import psutil
import pytest

from newswatch_airflow.executor import WorkQueue

FORK = multiprocessing.get_context("fork")


def take(queue: WorkQueue, taken: WorkQueue) -> None:
    while (item := queue.get()) is not None:
        taken.put(item)


@pytest.fixture
def started() -> Iterator[list[multiprocessing.process.BaseProcess]]:
    workers: list[multiprocessing.process.BaseProcess] = []
    yield workers
    for worker in workers:
        worker.kill()
        worker.join()


def start(workers: list[multiprocessing.process.BaseProcess], queue: WorkQueue, taken: WorkQueue, wanted: int) -> None:
    """Start so many workers and wait until each sleeps: it waits for an item."""
    fresh = [FORK.Process(target=take, args=(queue, taken)) for _ in range(wanted)]
    for worker in fresh:
        worker.start()
        workers.append(worker)
    ends = time.monotonic() + 10
    while any(psutil.Process(w.pid).status() != psutil.STATUS_SLEEPING for w in fresh):
        assert time.monotonic() < ends
        time.sleep(0.01)
    time.sleep(0.1)


def received(queue: WorkQueue) -> object:
    assert queue._reader.poll(10), "nobody took the item"
    return queue.get()


def test_those_who_wait_are_killed_and_others_take_the_work(
    started: list[multiprocessing.process.BaseProcess],
) -> None:
    queue, taken = WorkQueue(), WorkQueue()
    start(started, queue, taken, 3)
    for worker in started:  # one of them would hold the lock of a queue of multiprocessing
        worker.kill()
        worker.join()
    start(started, queue, taken, 1)
    queue.put("the first")
    assert received(taken) == "the first"


def test_each_item_is_taken_once_by_whoever_waits(started: list[multiprocessing.process.BaseProcess]) -> None:
    queue, taken = WorkQueue(), WorkQueue()
    start(started, queue, taken, 4)
    for number in range(200):
        queue.put(number)
    assert sorted(received(taken) for _ in range(200)) == list(range(200))  # type: ignore[type-var]
    assert taken.empty()
    for _ in started:
        queue.put(None)
    for worker in started:
        worker.join(10)
        assert worker.exitcode == 0


def test_a_queue_of_which_nothing_can_come_says_so() -> None:
    queue = WorkQueue()
    queue._writer.close()
    with pytest.raises(EOFError):
        queue.get()
