"""A web site whose every answer the test writes, and a newsroom that has been read once for all who only look."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from ask import NOW

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.pipeline import Newswatch, fetch_pending, open_newswatch, poll, tag_new
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings

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


@pytest.fixture
def site() -> Iterator[Site]:
    world = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            world.hits[self.path] += 1
            world.requests.append({"path": self.path} | {k.lower(): v for k, v in self.headers.items()})
            answer = world.answers.get(self.path, (404, {}, b"none"))
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    world.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield world
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site_config(site: Site, tmp_path: Path) -> Path:
    """A configuration with the site's feed `site` at /feed, and the shipped topics."""
    folder = tmp_path / "site-config"
    folder.mkdir()
    feed = {"id": "site", "outlet": "The Site", "url": site.url("/feed"), "language": "en", "allow_private": True}
    (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": [feed]}))
    (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    return folder


@dataclass(frozen=True)
class Read:
    """A newsroom that has been polled and fetched: for tests that build from it and change nothing that is stored."""

    nw: Newswatch
    newsroom: Newsroom
    folder: Path

    def with_topics(self, text: str, folder: Path) -> Newswatch:
        """The same ledger and store, opened with other topics."""
        folder.mkdir()
        (folder / "topics.yaml").write_text(text, encoding="utf-8")
        (folder / "feeds.yaml").write_text(self.nw.catalogue.feeds_text, encoding="utf-8")
        settings = self.nw.settings.model_copy(update={"config_dir": folder})
        return replace(open_newswatch(settings), clock=self.nw.clock)


@pytest.fixture(scope="session")
def read(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Six days of the newsroom, those with many stories on New START among them, read at a Sunday evening."""
    folder = tmp_path_factory.mktemp("read")
    with pytest.MonkeyPatch.context() as patch, Newsroom(clock=lambda: NOW) as newsroom:
        patch.setattr("newsroom.feeds.HISTORY", timedelta(days=6))
        config = folder / "config"
        write_config(config, port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        settings = Settings(
            config_dir=config,
            home=folder,
            data_url=str(folder / "data"),
            database_url=new_database(),
            host_delay_seconds=0,
        )
        nw = replace(open_newswatch(settings), clock=lambda: NOW)
        poll(nw, list(nw.feeds), "read")
        fetch_pending(nw, "read")
        tag_new(nw, "read")
    # The newsroom's history is itself again: other tests run while this one is looked at.
    yield Read(nw, newsroom, folder)
    nw.close()
