"""Airflow's pools: made by themselves, left as an operator sets them, named by every task."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from newswatch_airflow import pools
from newswatch_airflow.ids import CPU, NETWORK
from newswatch_airflow.local.environment import PROJECT


def known() -> dict[str, int]:
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    with create_session() as session:
        rows = session.execute(select(Pool.pool, Pool.slots).where(Pool.pool.in_((NETWORK, CPU))))
        return dict(rows.tuples().all())


@pytest.fixture
def no_pools(airflow_database: str) -> None:
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(delete(Pool).where(Pool.pool.in_((NETWORK, CPU))))


@pytest.mark.usefixtures("no_pools")
def test_a_job_of_airflow_that_starts_makes_them() -> None:
    from airflow.jobs.job import Job

    pools.on_starting(component=object())  # a task starts
    assert known() == {}
    pools.on_starting(component=Job())
    assert known() == {NETWORK: 4, CPU: 3}  # of a parallelism of 4


@pytest.mark.usefixtures("no_pools")
def test_a_pool_that_is_there_stays_as_it_is() -> None:
    pools.make({CPU: 1})
    pools.make({NETWORK: 4, CPU: 3})
    assert known() == {NETWORK: 4, CPU: 1}


def test_every_task_names_one_of_them(airflow_database: str) -> None:
    from airflow.dag_processing.dagbag import DagBag

    dags = DagBag(str(PROJECT / "dags")).dags
    named = {f"{dag.dag_id}.{task.task_id}": task.pool for dag in dags.values() for task in dag.tasks}
    assert set(named.values()) == {NETWORK, CPU}
    waiting = {name for name, pool in named.items() if pool == NETWORK}
    assert waiting == {
        "poll_feeds.plan",
        "poll_feeds.poll",
        "poll_feeds.fetch",
        "poll_feeds.announce",
        "daily_digest.deliver",
        "recover_history.find",
        "recover_history.fetch",
        "watch_feeds.watch",
    }
