"""Run notes: what a run did, in Markdown, where users look first. Written by the scheduler when the run ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.listeners import hookimpl

from newswatch.text.counting import counted
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
    if dag_run.dag_id not in DAG_IDS or is_by_hand(dag_run.dag_run_note):
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
    if dag_run.backfill_id is not None:
        lines.append(_backfill_so_far(dag_run, session))
    if lines:
        dag_run.note = "\n\n".join(lines)[:MAX_NOTE_CHARS]


def is_by_hand(note: Any) -> bool:
    """Whether a user wrote the note: Airflow keeps who it was. One of an earlier try of the run is ours, and goes."""
    return note is not None and note.user_id is not None


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


def _backfill_so_far(dag_run: Any, session: Any) -> str:
    """How far the backfill is that this run belongs to."""
    from airflow.models.asset import AssetEvent
    from airflow.models.backfill import BackfillDagRun
    from airflow.models.dagrun import DagRun
    from sqlalchemy import func, select

    wanted = select(func.count(BackfillDagRun.dag_run_id)).where(BackfillDagRun.backfill_id == dag_run.backfill_id)
    runs = select(DagRun.run_id, DagRun.state).where(
        DagRun.backfill_id == dag_run.backfill_id, DagRun.state.in_(("success", "failed"))
    )
    states = dict(session.execute(runs).tuples().all()) | {dag_run.run_id: dag_run.state}
    built = (
        select(AssetEvent.source_run_id, AssetEvent.extra)
        .where(AssetEvent.source_dag_id == dag_run.dag_id, AssetEvent.source_task_id == "tables")
        .where(AssetEvent.source_run_id.in_(states))
        .order_by(AssetEvent.timestamp)
    )
    extras = dict(session.execute(built).tuples().all())  # of a run that was tried again the last
    return backfill_line(session.scalar(wanted), list(states.values()), list(extras.values()))


def backfill_line(day_count: int, states: Sequence[str], builds: Sequence[Mapping[str, Any]]) -> str:
    """Days done of all that were asked for, by the states of the runs that ended and what their builds counted."""
    failed = f", {failures} of them failed" if (failures := sum(state == "failed" for state in states)) else ""
    stories = counted(sum(build.get("stories", 0) for build in builds), "story")
    changed = counted(sum(bool(build.get("changed")) for build in builds), "day")
    return (
        f"The backfill so far: {len(states)} of {counted(day_count, 'day')} done{failed}; {stories}; "
        f"tables of {changed} changed."
    )
