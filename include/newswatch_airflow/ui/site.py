"""What every page in Airflow's UI shares: templates, the bar above, a policy under which nothing foreign runs."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from newswatch.digest.escape import isolated, web_address
from newswatch.digest.formats import META_POLICY, STATE_WORDS
from newswatch.pipeline import outcome_meaning, outcome_words
from newswatch_airflow.ids import PAGES
from newswatch_airflow.ui.feeds import bars, rate, span

_TO_PAGE = re.compile(r'href="[^"]*" data-page="([^"]*)"')  # the issue may be of another address
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}

# Airflow shows the page in a sandboxed frame, in which a link out does nothing unless the parent opens it.
LINKS_JS = """
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='http'], a[data-airflow]");
  if (link && window.parent !== window) {
    event.preventDefault();
    window.parent.open(link.href, "_blank", "noopener");
  }
});
for (const chosen of document.querySelectorAll("select[data-now]")) {
  chosen.addEventListener("change", () => chosen.form.submit());
}
"""
# Airflow keeps what its user chose under Appearance where every page of its address can read it: light, dark or system.
# This runs before the page is drawn, and again when the choice changes in the window around the frame.
THEME_JS = """
const show = () => {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  } catch { /* a browser that keeps nothing: the system's choice counts */ }
};
show();
window.addEventListener("storage", show);
"""


def headers_of(html: str) -> dict[str, str]:
    """No script but our own file, no style but the page's own, no picture, no frame, no foreign address."""
    styles = " ".join(
        f"'sha256-{b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in _STYLE.findall(html)
    )
    policy = (
        f"default-src 'none'; style-src {styles or chr(39) + 'none' + chr(39)}; script-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    )
    return HEADERS | {"Content-Security-Policy": policy}


class Site:
    """Writes pages for one request: links are below the address at which the app is mounted."""

    def __init__(self, request: Request) -> None:
        self._root = request.scope.get("root_path", "").rstrip("/")

    def at(self, *parts: object) -> str:
        """The address of one of our pages."""
        return "/".join([self._root, *(quote(str(part), safe="") for part in parts)])

    def run(self, built_by: str) -> str:
        """The address of a DAG run, given as dag id/run id; empty: it was no run."""
        dag_id, _, run_id = built_by.partition("/")
        return f"{self.dag(dag_id)}/runs/{quote(run_id, safe='')}" if run_id else ""

    def dag(self, dag_id: str) -> str:
        """The address of a DAG in Airflow's UI."""
        return f"{self._root.removesuffix(PAGES)}/dags/{quote(dag_id, safe='')}"

    def login(self, request: Request) -> str:
        """The address where to log in, which leads back to what was asked for."""
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return f"{self._root.removesuffix(PAGES)}/api/v2/auth/login?{urlencode({'next': asked})}"

    def page(self, template: str, current: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page from its template; `current` names the tab that it belongs to, "" none."""
        html = _environment().get_template(template).render(site=self, current=current, **values)
        return HTMLResponse(html, status, headers=headers_of(html))

    def framed(self, html: str, bar: Mapping[str, Any]) -> HTMLResponse:
        """A digest as it was issued, below the bar; its own policy gives way to the page's."""
        above = _environment().get_template("bar.html.j2").render(site=self, current="digest", **bar)
        script = f'<script src="{self.at("theme.js")}"></script><script src="{self.at("links.js")}" defer></script>'
        html = html.replace(META_POLICY, "", 1).replace("</head>", f"{script}</head>", 1)
        html = html.replace("<body>", f"<body>{above}", 1)
        html = _TO_PAGE.sub(lambda link: f'href="{self._root}/{link[1]}"', html)
        return HTMLResponse(html, headers=headers_of(html))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("newswatch_airflow.ui"), PackageLoader("newswatch.digest")]),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "span": span,
        "rate": rate,
        "bars": bars,
        "moment": _moment,
        "meaning": outcome_meaning,
        "words": outcome_words,
    }
    environment.filters |= {"web": web_address, "bdi": isolated, "commands": _commands}
    environment.globals["state_words"] = STATE_WORDS
    return environment


def _commands(text: str) -> Markup:
    """The text, what stands between backticks as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
