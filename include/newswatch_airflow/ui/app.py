"""The pages in Airflow's UI. Every route stands behind Airflow's own login, scripts included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from newswatch.local_days import day_of
from newswatch.pipeline import Issued, Reader
from newswatch.settings import load_settings
from newswatch_airflow.ids import DAILY_DIGEST, POLL_FEEDS
from newswatch_airflow.ui.day import of_day
from newswatch_airflow.ui.error_pages import answer_with_pages
from newswatch_airflow.ui.feeds import of_feeds
from newswatch_airflow.ui.rights import requires_right
from newswatch_airflow.ui.site import HEADERS, LINKS_JS, THEME_JS, Site
from newswatch_airflow.ui.story import of_story
from newswatch_airflow.ui.topic import SPANS, Filters, of_topic, to_csv
from newswatch_airflow.ui.topics import LOOK_BACK, of_topics

FIRST_DAY, LAST_DAY = date(1995, 1, 1), date(9000, 1, 1)  # of what may be asked for: a span fits before it


@cache
def _reader() -> Reader:
    return Reader(load_settings())


def create_app() -> FastAPI:
    """The app that the plugin mounts; a visitor needs a login and the right to do what is asked, on every route."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(requires_right)],
    )
    answer_with_pages(app)
    app.add_api_route("/links.js", _links)
    app.add_api_route("/theme.js", _theme)
    app.add_api_route("/", _today)
    app.add_api_route("/day/{day}", _day)
    app.add_api_route("/topics", _topics)
    app.add_api_route("/topic/{topic}", _topic)
    app.add_api_route("/topic/{topic}/mentions.csv", _mentions_csv)
    app.add_api_route("/story/{story_id}", _story)
    app.add_api_route("/feeds", _feeds)
    app.add_api_route("/health", _health)
    app.add_api_route("/digest", _digest)
    app.add_api_route("/digest/{day}", _digest)
    app.add_api_route("/digest/{day}/{number}", _digest)
    app.add_api_route("/run/{dag_id}/{run_id:path}", _digest_of_run)
    return app


def _links() -> Response:
    return PlainTextResponse(LINKS_JS, media_type="text/javascript", headers=HEADERS)


def _theme() -> Response:
    return PlainTextResponse(THEME_JS, media_type="text/javascript", headers=HEADERS)


def _today(request: Request, day: date | None = None) -> HTMLResponse:
    builds = _reader().builds()
    if not builds:
        text = "No day has tables yet: they are made after the first poll."
        return Site(request).page("empty.html.j2", "today", heading="No tables yet", text=text, dag=POLL_FEEDS)
    today = day_of(datetime.now(UTC), _reader().tz)
    return _shown_day(request, day or next((d for d in builds if d <= today), next(iter(builds))))


def _day(request: Request, day: date) -> HTMLResponse:
    return _shown_day(request, day)


def _shown_day(request: Request, day: date) -> HTMLResponse:
    site, reader = Site(request), _reader()
    builds = reader.builds()
    if day not in builds:
        text = f"{day} has no tables. Days get theirs when a poll brings stories of them, or by a backfill."
        return site.page("empty.html.j2", "", 404, heading="No tables", text=text, dag=DAILY_DIGEST)
    today = day_of(datetime.now(UTC), reader.tz)
    shown = of_day(reader, day, is_over=day < today)
    return site.page(
        "day.html.j2",
        "today" if day == today else "",
        day=day,
        is_today=day == today,
        built=builds[day],
        issues=[issue for issue in reader.digests() if issue.day == day],
        tz=reader.tz,
        steps=_steps({d: f"{d:%a} {d}" for d in builds}, day, site, "day") | {"action": site.at("")},
        **shown,
    )


def _steps(labels: Mapping[date, str], chosen: date, site: Site, page: str) -> dict[str, Any]:
    """Links to the days beside the chosen one, and all to choose from; `labels` has the newest first."""
    days = list(labels)
    place = days.index(chosen)
    return {
        "earlier": site.at(page, days[place + 1]) if place + 1 < len(days) else "",
        "later": site.at(page, days[place - 1]) if place else "",
        "choices": [(str(day), label) for day, label in labels.items()],
        "chosen": str(chosen),
        "action": site.at(page),  # takes the day as its query
    }


def _topics(request: Request) -> HTMLResponse:
    catalogue = _reader().catalogue()
    if catalogue is None:
        text = "No configuration is in force yet: the first poll puts one in force."
        return Site(request).page("empty.html.j2", "topics", heading="No topics yet", text=text, dag=POLL_FEEDS)
    reader = _reader()
    rows = of_topics(reader, day_of(datetime.now(UTC), reader.tz))
    shown: dict[str, Any] = {"rows": rows, "look_back": LOOK_BACK, "file": reader.topics_file}
    shown["is_edited"] = reader.are_topics_edited()
    return Site(request).page("topics.html.j2", "topics", catalogue=catalogue, **shown)


def _filters(
    last: Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)] = None,
    span: Annotated[int, Query(ge=1, le=366)] = 28,
    outlet: str = "",
    language: str = "",
    zone: str = "",
    about: bool = False,
) -> Filters:
    reader = _reader()
    return Filters(last or day_of(datetime.now(UTC), reader.tz), span, outlet, language, zone, about)


def _known_topic(topic: str) -> Any:
    catalogue = _reader().catalogue()
    id_ = catalogue.topic_ids.get(topic, topic) if catalogue else topic
    found = next((t for t in catalogue.topics if t.id == id_), None) if catalogue else None
    if found is None:
        text = f"No topic {topic!r} is in force."
        if _reader().are_topics_edited():
            text += " topics.yaml has been edited since: what it says is in force from the next poll, a run of the DAG "
            text += f"{POLL_FEEDS}. `newswatch check` says whether it is right."
        raise HTTPException(404, text)
    return found


def _topic(
    request: Request,
    topic: str,
    filters: Annotated[Filters, Depends(_filters)],
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    site, known = Site(request), _known_topic(topic)
    shown = of_topic(_reader(), known.id, filters, page)
    given = _given(filters)
    download = f"{site.at('topic', known.id, 'mentions.csv')}?{urlencode(given)}"
    pages = [(n, f"{site.at('topic', known.id)}?{urlencode(given | {'page': n})}#mentions") for n in shown["pages"]]
    values = shown | {"topic": known, "filters": filters, "spans": SPANS, "download": download, "pages": pages}
    return site.page("topic.html.j2", "topics", page=page, **values)


def _given(filters: Filters) -> dict[str, Any]:
    values = {"last": filters.last, "span": filters.span, "outlet": filters.outlet, "language": filters.language}
    values |= {"zone": filters.zone, "about": 1 if filters.about else ""}
    return {name: value for name, value in values.items() if value != ""}


def _mentions_csv(topic: str, filters: Annotated[Filters, Depends(_filters)]) -> Response:
    known = _known_topic(topic)
    name = f"{known.id}-{filters.days[0]}-{filters.last}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(to_csv(_reader(), known.id, filters), media_type="text/csv", headers=HEADERS | disposition)


def _story(request: Request, story_id: str) -> HTMLResponse:
    reader = _reader()
    found = reader.story(story_id)
    catalogue = reader.catalogue()
    if found is None or catalogue is None:
        raise HTTPException(404, f"No story {story_id!r} is known.")
    names = {topic.id: topic.name for topic in catalogue.topics}
    shown = of_story(found, names)
    built = reader.builds().get(found["day"])
    return Site(request).page("story.html.j2", "topics", names=names, tz=reader.tz, built=built, **shown)


def _feeds(request: Request) -> HTMLResponse:
    now = datetime.now(UTC)
    return Site(request).page("feeds.html.j2", "feeds", **of_feeds(_reader().health(now), now))


def _health() -> Response:
    """For monitors: 200, or 503 with what is late."""
    now = datetime.now(UTC)
    late = [asdict(one) for one in _reader().late(now)]
    answer = {"status": "late" if late else "ok", "at": now, "late": late}
    return JSONResponse(jsonable_encoder(answer), 503 if late else 200, HEADERS)


def _digest(request: Request, day: date | None = None, number: int | None = None) -> HTMLResponse:
    """A digest as it was issued: the newest of the day, or of all."""
    every = _reader().digests()
    if not every:
        text = "The first one is issued tomorrow morning."
        return Site(request).page("empty.html.j2", "digest", heading="No digest yet", text=text, dag=DAILY_DIGEST)
    found = [d for d in every if day in (None, d.day) and number in (None, d.number)]
    if not found:
        raise HTTPException(404, f"No digest of {day}{f', issue {number},' if number else ''} was issued.")
    today = day_of(datetime.now(UTC), _reader().tz)  # one of a day to come was made by a slip
    return _shown_digest(Site(request), every, next((d for d in found if d.day <= today), found[0]))


def _digest_of_run(request: Request, dag_id: str, run_id: str) -> HTMLResponse:
    """The digest that a run issued, for the button on runs: the run of another DAG has none."""
    every = _reader().digests()
    for issued in every:
        if issued.issued_by == f"{dag_id}/{run_id}":
            return _shown_digest(Site(request), every, issued)
    text = "This run has not issued one." if dag_id == DAILY_DIGEST else f"Runs of {DAILY_DIGEST} issue digests."
    return Site(request).page("empty.html.j2", "digest", 404, heading="No digest of this run", text=text, dag="")


def _shown_digest(site: Site, every: list[Issued], chosen: Issued) -> HTMLResponse:
    newest: dict[date, Issued] = {}
    for digest in every:
        newest.setdefault(digest.day, digest)
    labels = {d: f"{d:%a} {d}{f' (issue {i.number})' if i.number > 1 else ''}" for d, i in newest.items()}
    html = _reader().digest(chosen.day, chosen.number)
    return site.framed(html, {"steps": _steps(labels, chosen.day, site, "digest")})
