"""Who may use the pages: Airflow's own permissions decide, whichever auth manager runs."""

from __future__ import annotations

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, Request

from newswatch_airflow.ids import PAGES_RESOURCE, POLL_FEEDS

READING = ("GET", "HEAD")


def requires_right(request: Request, user: GetUserDep) -> None:
    """Let nobody in without a login that may do this: read the pages, or with any other method change what is watched.

    Who changes that may start a poll too: the simple auth manager tells no method of a custom view from another.
    """
    manager = get_auth_manager()
    is_reading = request.method in READING
    is_right = manager.is_authorized_custom_view(
        method="GET" if is_reading else "PUT", resource_name=PAGES_RESOURCE, user=user
    ) and (
        is_reading
        or manager.is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=POLL_FEEDS), user=user
        )
    )
    if not is_right:
        raise HTTPException(403, "This login may not do that here. Who runs this Airflow can give it the right.")
