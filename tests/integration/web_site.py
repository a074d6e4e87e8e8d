"""A web site whose every answer the test writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from made_pages import HTML, ordinary_page


@dataclass
class Site:
    """One web site on loopback. `answers`: path → status, headers, body; None breaks the connection off."""

    answers: dict[str, tuple[int, dict[str, str], bytes] | None] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    requests: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://site.localhost:{self.port}{path}"

    def feed(self, *items: str, path: str = "/feed", **headers: str) -> None:
        body = f'<rss version="2.0"><channel><title>Site</title>{"".join(items)}</channel></rss>'
        self.answers[path] = (200, {"Content-Type": "application/rss+xml; charset=utf-8"} | headers, body.encode())

    def item(self, path: str, extra: str = "") -> str:
        return f"<item><title>Story at {path}</title><link>{self.url(path)}</link>{extra}</item>"

    def page(self, path: str, head: str = "", title: str = "The board met") -> None:
        self.html(path, ordinary_page(title, head=head))

    def html(self, path: str, text: str, **headers: str) -> None:
        self.answers[path] = (200, {"Content-Type": HTML} | headers, text.encode())
