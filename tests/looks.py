"""A page looked at in a real browser that can reach nothing else: what it is made of, what it asks for, what runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import lxml.html
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
HERE = "http://page.test/"
IN_CHARTS = frozenset({"svg", "g", "path", "defs", "clipPath", "rect", "use", "pattern"})
SKELETON = """root => [...root.querySelectorAll('*')].map(e => ({
    tag: e.localName,
    isSvg: e.namespaceURI === 'http://www.w3.org/2000/svg',
    inChart: !!e.closest('svg[role=img][aria-label]'),
    attributes: [...e.attributes].map(a => a.name).sort(),
    href: e.localName === 'a' ? e.getAttribute('href') : null,
}))"""


def not_isolated(page: str, foreign: str) -> list[str]:
    """Texts of a page that match `foreign`, are shown, and stand in no element whose direction is their own; and
    values of attributes that hold such an element, which has no place there."""
    apart = "ancestor::style or ancestor::script or ancestor::bdi or ancestor::*[@dir='auto']"
    tree = lxml.html.fromstring(page)
    shown = [text for text in tree.xpath(f"//text()[not({apart})]") if re.search(foreign, text)]
    return shown + [value for value in tree.xpath("//@*") if "<bdi>" in value]


@dataclass(frozen=True)
class Frame:
    """What our own templates write: anything else on a page is somebody else's."""

    elements: frozenset[str]
    attributes: frozenset[str]
    links: re.Pattern[str]  # how each begins
    in_charts: frozenset[str] = IN_CHARTS

    def strange(self, elements: Sequence[Mapping[str, Any]]) -> list[str]:
        """What a page of ours does not have."""
        found: list[str] = []
        for element in elements:
            tag, attributes = element["tag"], element["attributes"]
            allowed = self.in_charts if element["isSvg"] and element["inChart"] else self.elements
            found += [f"has <{tag}>"] if tag not in allowed else []
            found += [f"has {name} on <{tag}>" for name in attributes if name.startswith("on")]
            if not element["isSvg"]:
                found += [f"has {name} on <{tag}>" for name in attributes if name not in self.attributes]
            if tag == "a" and not self.links.match(element["href"] or ""):
                found.append(f"links to {element['href']!r}")
        return found


@dataclass(frozen=True)
class Seen:
    """What a page is and did."""

    frame: Frame
    elements: Sequence[Mapping[str, Any]]
    requests: Sequence[str]
    dialogs: Sequence[str]
    spoken: Sequence[str]  # on the console
    canary: object
    address: str
    frame_count: int
    answer: object  # to the script that the test brings
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)  # selector → text of each

    @property
    def faults(self) -> list[str]:
        """All that a page of ours does not do."""
        found = [f"asked for {url}" for url in self.requests]
        found += [f"opened a dialog: {text}" for text in self.dialogs]
        found += [f"said {text}" for text in self.spoken]
        found += ["ran a script"] if self.canary is not None else []
        found += ["went elsewhere"] if self.address != HERE else []
        found += ["has frames"] if self.frame_count != 1 else []
        return found + self.frame.strange(self.elements)


@dataclass
class _Noted:
    """What the browser is to be given, and what it did, in one look."""

    page: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)


Look = Callable[..., Seen]


@contextmanager
def browser(frame: Frame, scripts: Mapping[str, str] | None = None) -> Iterator[Look]:
    """Loads HTML as a page, with nothing but the page and these scripts (path → code) to be had.

    `headers`: what the page is answered with; `wait`: ms after it was loaded; `width`: of the window, px.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian's package: chromium)")
    from playwright.sync_api import Route, sync_playwright

    served = {HERE.rstrip("/") + path: code for path, code in (scripts or {}).items()}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))

        page = chromium.new_context().new_page()  # one for all: each look begins with a new document
        noted = _Noted()

        def answer(route: Route) -> None:
            url = route.request.url
            if url == HERE and noted.page:
                html, headers = noted.page.pop()
                route.fulfill(body=html, headers={**headers, "content-type": "text/html; charset=utf-8"})
            elif url in served:
                route.fulfill(body=served[url], content_type="text/javascript")
            else:
                noted.requests.append(url)
                route.abort()

        page.context.route("**/*", answer)
        page.on("dialog", lambda dialog: (noted.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: noted.spoken.append(message.text))
        page.on("pageerror", lambda error: noted.spoken.append(str(error)))

        def load(
            html: str,
            *selectors: str,
            script: str = "null",
            wait: int = 0,
            headers: Mapping[str, str] | None = None,
            width: int = 1280,
        ) -> Seen:
            nonlocal noted
            noted = _Noted([(html, headers or {})])
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(HERE, wait_until="load")
            page.wait_for_timeout(wait)
            return Seen(
                frame=frame,
                elements=page.evaluate(f"({SKELETON})(document)"),
                requests=noted.requests,
                dialogs=noted.dialogs,
                spoken=noted.spoken,
                canary=page.evaluate("window.pwned ?? null"),
                address=page.url,
                frame_count=len(page.frames),
                answer=page.evaluate(script),
                texts={
                    s: page.evaluate("s => [...document.querySelectorAll(s)].map(e => e.textContent)", s)
                    for s in selectors
                },
            )

        yield load
        chromium.close()
