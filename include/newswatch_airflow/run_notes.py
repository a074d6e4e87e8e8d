"""Run notes: what a run did, in Markdown, where users look first. Written by the scheduler when the run ends."""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl

from newswatch_airflow.ids import DAG_IDS

NOTE_KEY = "newswatch_note"  # the XCom under which tasks leave their lines
MAX_NOTE_CHARS = 1000  # Airflow's own limit for a note


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
    lines = [str(value) for value in session.scalars(query)]
    if lines:
        dag_run.note = "\n\n".join(lines)[:MAX_NOTE_CHARS]
