"""How many tasks run at a time: asked of the Celery workers that live, else of Airflow's own limit."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.configuration import conf

log = logging.getLogger(__name__)
ANSWER_SECONDS = 2.0


def task_slots() -> int:
    """Tasks that can run at a time now; never more than Airflow's parallelism, which a scheduler keeps to."""
    limit = conf.getint("core", "parallelism")
    if "CeleryExecutor" not in conf.get_mandatory_value("core", "executor"):
        return limit
    return min(limit, slots_of(_workers())) or limit


def slots_of(workers: Mapping[str, Any]) -> int:
    """The processes of all workers, by what each says of itself."""
    return sum(int(worker["pool"]["max-concurrency"]) for worker in workers.values())


def _workers() -> Mapping[str, Any]:
    """What each live worker says of itself, by its name; nothing where the broker does not answer."""
    from airflow.providers.celery.executors.celery_executor_utils import app

    try:
        return app.control.inspect(timeout=ANSWER_SECONDS).stats() or {}
    except (OSError, app.connection_for_read().connection_errors) as error:
        log.warning("the workers cannot be counted: %s", error)
        return {}
