"""Run notes: what a run did, in Markdown, where users look first. Written by the scheduler when the run ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.listeners import hookimpl

from newswatch_airflow.ids import DAG_IDS

NOTE_KEY = "newswatch_note"  # the XCom under which tasks leave their lines
MAX_NOTE_CHARS = 1000  # Airflow's own limit for a note
MAX_NAMES = 5  # of failed tasks


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    _write_note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    _write_note(dag_run)


def _write_note(dag_run: Any) -> None:
    """Join the tasks' lines into the run's note; a note that somebody wrote by hand stays."""
    if dag_run.dag_id not in DAG_IDS or dag_run.note:
        return
    from airflow.models.xcom import XComModel
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return
    query = (
        select(XComModel.value)
        .where(XComModel.dag_id == dag_run.dag_id, XComModel.run_id == dag_run.run_id, XComModel.key == NOTE_KEY)
        .order_by(XComModel.timestamp, XComModel.task_id, XComModel.map_index)
    )
    lines = _failures(dag_run, session) + [str(value) for value in session.scalars(query)]
    if lines:
        dag_run.note = "\n\n".join(lines)[:MAX_NOTE_CHARS]


def _failures(dag_run: Any, session: Any) -> list[str]:
    """A line that comes first: which of the run's tasks failed, if any did."""
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    query = (
        select(TaskInstance)
        .where(TaskInstance.dag_id == dag_run.dag_id, TaskInstance.run_id == dag_run.run_id)
        .order_by(TaskInstance.task_id, TaskInstance.map_index)
    )
    return failure_lines(session.scalars(query).all())


def failure_lines(tasks: Sequence[Any]) -> list[str]:
    """The note's first line, by the run's task instances: which failed; none where none did."""
    failed = [task for task in tasks if task.state == "failed"]
    if not failed:
        return []
    names = [f"{t.task_id} {t.rendered_map_index or t.map_index}" if t.map_index >= 0 else t.task_id for t in failed]
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return [
        f"**{len(failed)} of {len(tasks)} tasks failed**: {', '.join(names[:MAX_NAMES])}{more}. Their logs say why."
    ]
