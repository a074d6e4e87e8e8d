"""A web site whose every answer the test writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

PARAGRAPHS = (
    "The harbour board met in the old customs house on Tuesday and heard three reports on the state of the quay.",
    "Members asked for figures, which the clerk promised for the following week, together with a plan of the works.",
)


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
        body = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
        html = f"<html lang='en'><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>{body}"
        self.answers[path] = (200, {"Content-Type": "text/html; charset=utf-8"}, f"{html}</article></body>".encode())
