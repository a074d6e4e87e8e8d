"""Error pages: what a visitor gets where a page cannot be shown, with the reason and a way on, and the same headers."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint

from newswatch.errors import DamagedFile, MissingFile, NewswatchError
from newswatch_airflow.ui.site import HEADERS, Site

log = logging.getLogger(__name__)
_NOT_SHOWN = "This page cannot be shown"
_LEDGER = (
    "The ledger does not answer as this version expects: its database is away, or was made by another version. "
    "Is it running? `newswatch migrate` brings it up to date, and so does the next poll."
)


def answer_with_pages(app: FastAPI) -> None:
    """Let every error of the app be answered with a page."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(sa.exc.DBAPIError, _without_ledger)
    app.add_exception_handler(MissingFile, _lost)
    app.add_exception_handler(NewswatchError, _known_trouble)
    app.middleware("http")(_guarded)


async def _guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Addresses that no database takes are none; what nobody foresaw is logged and answered, not passed on."""
    if "\0" in request.scope["path"] or "%00" in request.url.query:
        return _page(request, 404, "No such page", "An address cannot hold the character NUL.")
    try:
        return await call_next(request)
    except Exception:
        log.exception("page not shown: %s", request.url.path)
        text = "Something went wrong here that was not foreseen. The API server's log says what."
        return _page(request, 500, _NOT_SHOWN, text)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    heading = {401: "Please log in", 403: "Not for this login", 404: "No such page"}.get(error.status_code, _NOT_SHOWN)
    text = {401: "These pages are for people who are logged in to Airflow."}.get(error.status_code, str(error.detail))
    if error.status_code == 404 and error.detail == "Not Found":
        text = "There is nothing at this address."
    answer = _page(request, error.status_code, heading, text)
    answer.headers.update(error.headers or {})
    return answer


def _misunderstood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [f"{one['loc'][-1]} {str(one.get('input'))[:40]!r}: {one['msg'].lower()}" for one in error.errors()]
    return _page(request, 422, "The address is not understood", f"{'; '.join(problems)}.")


def _without_ledger(request: Request, error: Exception) -> Response:
    log.error("page not shown: %s: %s", request.url.path, error)
    return _page(request, 503, _NOT_SHOWN, _LEDGER)


def _lost(request: Request, error: Exception) -> Response:
    """What is missing or damaged is named, with the way out, and nothing of it is shown."""
    is_damaged = isinstance(error, DamagedFile)
    heading = "A stored file is damaged" if is_damaged else "A stored file is missing"
    return _page(request, 500 if is_damaged else 404, heading, str(error))


def _known_trouble(request: Request, error: Exception) -> Response:
    log.error("page not shown: %s: %s", request.url.path, error)
    return _page(request, 503, _NOT_SHOWN, str(error))


def _page(request: Request, status: int, heading: str, text: str) -> Response:
    site = Site(request)
    login = site.login(request) if status == 401 else ""
    answer = site.page("error.html.j2", "", status, heading=heading, text=text, login=login)
    answer.headers.update(HEADERS)
    return answer
