"""A web site whose every answer the test writes, and a newsroom that has been read once for all who only look."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from ask import Read
from clocks import Clock
from desk import DAY, SHELLING, WATER, Desk
from installations import read_newsroom
from shared_parsers import SharedParsers
from told import TEXT, Told
from web_site import Site

from newswatch.pipeline import Newswatch, fetch_pending, poll
from newswatch.settings import SHIPPED_CONFIG_DIR


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


@pytest.fixture
def told(site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock) -> Told:
    """Publishes stories on FRIDAY, each seen at the hour that is given; and the Newswatch that reads them."""
    nw = make_newswatch(site_config, pages_url="https://desk.example/newswatch")
    items: list[str] = []

    def tell(path: str, at: datetime, body: str = TEXT) -> None:
        clock.now = at
        head = '<meta property="article:published_time" content="2026-11-20T08:00:00Z">'
        site.page(path, head=head, title=f"Report {path} from Donetsk")
        status, headers, html = site.answers[path]
        site.answers[path] = (status, headers, html.replace(b"<h1>", f"<p>{body}</p><h1>".encode(), 1))
        items.append(site.item(path))
        site.feed(*items)
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")

    return nw, tell


@pytest.fixture
def make_desk(
    site: Site, tmp_path: Path, make_newswatch: Callable[..., Newswatch], clock: Clock
) -> Callable[..., Desk]:
    """Opens a Desk with these settings: its two feeds, the shipped topics, on a Sunday at ten."""

    def make(**settings: object) -> Desk:
        folder = tmp_path / "desk-config"
        folder.mkdir()
        feeds = [
            {"id": by, "outlet": outlet, "url": site.url(f"/feed-{by}"), "language": "en", "allow_private": True}
            for by, outlet in (("site", "The Site"), ("other", "The Other"))
        ]
        (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}))
        (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
        desk = Desk(make_newswatch(folder, **settings), site, clock)
        desk.at(22, 10)
        return desk

    return make


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


@pytest.fixture
def late(desk: Desk) -> Desk:
    """DAY had one story when its digest was issued, and a second one came six hours after that."""
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.at(23, 12)
    desk.publish("/water", "Taps run again", *WATER, hour=20)
    return desk


@pytest.fixture(scope="session")
def read(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, parsers: SharedParsers
) -> Iterator[Read]:
    """Six days of the newsroom, those with many stories on New START among them, read at a Sunday evening."""
    folder = tmp_path_factory.mktemp("read")
    nw, newsroom = read_newsroom(folder, new_database(), parsers, timedelta(days=6))
    yield Read(nw, newsroom, folder)
    nw.close()
