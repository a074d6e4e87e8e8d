"""The executor: Airflow's LocalExecutor, whose task processes are forked from one that has imported what they use."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Lock
from typing import Any

from airflow.executors.local_executor import LocalExecutor


class WorkQueue(SimpleQueue[Any]):
    """A queue of which a reader can be killed while it waits, and the others go on.

    multiprocessing's own holds its lock while it waits: were the idle worker that has it killed, as the system does
    where memory is short, every other one would wait for ever. Here the lock is held only while an item is read.
    """

    _reader: Connection  # both are SimpleQueue's
    _rlock: Lock

    def __init__(self) -> None:
        super().__init__(ctx=multiprocessing.get_context())

    def get(self) -> Any:
        """The next item, once there is one. Raises EOFError where nobody can send any more."""
        while True:
            self._reader.poll(None)
            with self._rlock:
                if self._reader.poll():  # no other reader was faster
                    return self._reader.recv()


class PreloadedLocalExecutor(LocalExecutor):
    """LocalExecutor that preloads Newswatch in the scheduler, and bears that its workers are killed.

    A task of a small day spends most of its time on imports; forked from a scheduler that has done them, it finds them
    in shared memory. Newswatch's code is therefore read once: the scheduler is started anew after an upgrade.
    """

    def start(self) -> None:
        """Preload, then start as LocalExecutor does, with a queue of ours."""
        from newswatch.pipeline import preload
        from newswatch.settings import load_settings

        preload(load_settings())
        is_forking, self.is_mp_using_fork = self.is_mp_using_fork, False
        super().start()  # makes its queues, and no worker yet
        self.is_mp_using_fork = is_forking
        self.activity_queue = WorkQueue()
        if is_forking:
            self._spawn_workers_with_gc_freeze(self.parallelism)  # type: ignore[no-untyped-call]
