"""What all DAGs share: settings needed at parse time, and which errors are worth another try."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule

from newswatch_airflow.ids import CPU

# Read here without the core: a DAG file is parsed for every task.
TIMEZONE = os.environ.get("NEWSWATCH_TIMEZONE") or "UTC"
DIGEST_HOUR = int(os.environ.get("NEWSWATCH_DIGEST_HOUR") or 6)
DIGEST_DEADLINE = timedelta(minutes=int(os.environ.get("NEWSWATCH_DIGEST_DEADLINE_MINUTES") or 60))
START = datetime(2026, 1, 1, tzinfo=UTC)

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule("newswatch.errors.TransientError", RetryAction.RETRY, timedelta(seconds=30), "this passes by itself"),
        RetryRule("newswatch.errors.NewswatchError", RetryAction.FAIL, reason="this needs an edit, not another try"),
    ]
)
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "newswatch",
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "retry_policy": RETRY_POLICY,
    "execution_timeout": timedelta(minutes=30),
    "pool": CPU,  # a task that waits for hosts names the other one
}


def switch(title: str, description: str) -> Param:
    """A param that is off unless somebody turns it on."""
    return Param(False, type="boolean", title=title, description=description)


def day_param(title: str, description: str) -> Param:
    """A param for a day that must be stated."""
    return Param(type="string", format="date", title=title, description=description)


def day_of(context: Any) -> date:
    """The day that a run is for: its partition key, else the param `day`, else yesterday in the configured zone.

    Partitioned runs have no logical date and no data interval.
    """
    stated = context["dag_run"].partition_key or context["params"].get("day")
    if stated:
        return date.fromisoformat(stated)
    from newswatch.settings import load_settings

    return datetime.now(load_settings().tz).date() - timedelta(days=1)
