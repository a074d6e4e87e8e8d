"""The executor: Airflow's LocalExecutor, whose task processes are forked from one that has imported what they use."""

from __future__ import annotations

from airflow.executors.local_executor import LocalExecutor


class PreloadedLocalExecutor(LocalExecutor):
    """LocalExecutor that preloads Newswatch in the scheduler.

    A task of a small day spends most of its time on imports; forked from a scheduler that has done them, it finds them
    in shared memory. Newswatch's code is therefore read once: the scheduler is started anew after an upgrade.
    """

    def start(self) -> None:
        """Preload, then start as LocalExecutor does: it forks its workers when tasks come."""
        from newswatch.pipeline import preload
        from newswatch.settings import load_settings

        preload(load_settings())
        super().start()
