"""The pages in Airflow's UI. Every route stands behind Airflow's own login, scripts included."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from html import escape

from airflow.api_fastapi.core_api.security import requires_access_dag, requires_authenticated
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from newswatch.errors import MissingFile
from newswatch.pipeline import Issued, Reader
from newswatch.settings import load_settings
from newswatch_airflow import feeds_page

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; base-uri 'none'; form-action 'self'"
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

# Airflow shows the page in a sandboxed frame, in which a link out does nothing unless the parent opens it.
LINKS_JS = """
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='http']");
  if (link && window.parent !== window) {
    event.preventDefault();
    window.parent.open(link.href, "_blank", "noopener");
  }
});
const days = document.getElementById("days");
if (days) days.addEventListener("change", () => days.form.submit());
"""
BAR_STYLE = """
<style>
.bar { display:flex; gap:.8rem; align-items:center; flex-wrap:wrap; padding:.6rem 1.1rem; background:var(--tint);
  border-bottom:1px solid var(--line); font-size:.92rem; position:sticky; top:0 }
.bar form { display:flex; gap:.5rem; align-items:center; margin:0 auto }
.bar .other { padding-left:.8rem; border-left:1px solid var(--line) }
.bar select, .bar button { font:inherit; color:var(--ink); background:var(--page);
  border:1px solid var(--line); border-radius:6px; padding:.25rem .5rem }
</style>
"""
_FEEDS_BAR = '<nav class="bar" aria-label="Pages"><a href="./">← Digests</a></nav>'
EMPTY = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Newswatch</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head>
<body style="font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem"><h1>No digest yet</h1>
<p>The first one is issued tomorrow morning. To have one now, trigger the DAG <b>daily_digest</b>.</p>
<p><a href="feeds">Feeds: how their polls went</a></p></body></html>"""


@cache
def _reader() -> Reader:
    return Reader(load_settings())


def create_app() -> FastAPI:
    """The app that the plugin mounts; a visitor needs a login and the right to read `daily_digest`."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(requires_authenticated()), Depends(requires_access_dag(method="GET"))],
    )

    @app.get("/links.js")
    def links() -> Response:
        return PlainTextResponse(LINKS_JS, media_type="text/javascript", headers=HEADERS)

    @app.get("/feeds")
    def feeds() -> HTMLResponse:
        now = datetime.now(UTC)
        return _framed(feeds_page.render(_reader().health(now), now), _FEEDS_BAR)

    @app.get("/")
    def latest(day: str | None = None) -> HTMLResponse:
        issued = _newest(_reader().digests())
        if not issued:
            return HTMLResponse(EMPTY, headers=HEADERS)
        return _page(issued, _chosen(issued, day))

    return app


def _newest(digests: list[Issued]) -> list[Issued]:
    """The last issue of each day, newest day first."""
    newest: dict[date, Issued] = {}
    for digest in digests:
        newest.setdefault(digest.day, digest)
    return list(newest.values())


def _chosen(issued: list[Issued], day: str | None) -> Issued:
    if day is None:
        return issued[0]
    for digest in issued:
        if str(digest.day) == day:
            return digest
    raise HTTPException(404, f"No digest of {day!r} was issued.")


def _page(issued: list[Issued], chosen: Issued) -> HTMLResponse:
    """The digest as it was issued, below a bar in which the day can be chosen."""
    at = issued.index(chosen)
    later = f'<a href="?day={issued[at - 1].day}" rel="next">later →</a>' if at else "<span></span>"
    earlier = (
        f'<a href="?day={issued[at + 1].day}" rel="prev">← earlier</a>' if at + 1 < len(issued) else "<span></span>"
    )
    options = "".join(
        f'<option value="{d.day}"{" selected" if d is chosen else ""}>{d.day:%a} {d.day}'
        f"{f' (issue {d.number})' if d.number > 1 else ''}</option>"
        for d in issued
    )
    bar = (
        f'<nav class="bar" aria-label="Days">{earlier}<form><label for="days">Day</label>'
        f'<select id="days" name="day">{options}</select><noscript><button>Show</button></noscript></form>{later}'
        '<a class="other" href="feeds">Feeds</a></nav>'
    )
    try:
        html = _reader().digest_html(chosen.day, chosen.number)
    except MissingFile:
        raise HTTPException(404, f"The digest of {escape(str(chosen.day))} is no longer stored.") from None
    return _framed(html, bar)


def _framed(html: str, bar: str) -> HTMLResponse:
    """The page below a bar, its links made to work in Airflow's frame."""
    html = html.replace("</head>", f'{BAR_STYLE}<script src="links.js" defer></script></head>', 1)
    return HTMLResponse(html.replace("<body>", f"<body>{bar}", 1), headers=HEADERS)
