"""Airflow's pools of our tasks: one for those that wait for hosts, one for those that take processor time.

So a backfill of a hundred days leaves a poll its place. The pools are made when a scheduler starts, or another of
Airflow's jobs; one that is there stays as it is, for `airflow pools set` is how an operator changes its size.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl

from newswatch_airflow.ids import CPU, NETWORK

MEANINGS = {
    NETWORK: "Newswatch: tasks that wait for hosts; made when Airflow first started",
    CPU: "Newswatch: tasks that take processor time; made when Airflow first started",
}


@hookimpl
def on_starting(component: Any) -> None:
    from airflow.jobs.job import Job

    if isinstance(component, Job):  # else a task starts, which has no database of Airflow's
        from airflow.configuration import conf

        make(sizes(conf.getint("core", "parallelism")))


def sizes(parallelism: int) -> dict[str, int]:
    """Slots of each pool where so many tasks run at a time: processor time is never given to all of them."""
    return {NETWORK: parallelism, CPU: max(1, parallelism - 1)}


def make(slots: dict[str, int]) -> None:
    """Make the pools that Airflow does not have yet; several schedulers may do so in the same instant."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy.dialects.postgresql import insert

    rows = [
        {"pool": name, "slots": count, "description": MEANINGS[name], "include_deferred": False}
        for name, count in slots.items()
    ]
    with create_session() as session:
        session.execute(insert(Pool).values(rows).on_conflict_do_nothing(index_elements=["pool"]))
