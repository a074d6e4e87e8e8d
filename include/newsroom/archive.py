"""Writes an archive (WARC, ISO 28500) of the newsroom's pages among many of other sites, as a crawl has them."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from newsroom.outlets import BY_ID
from newsroom.pages import Site, story_page
from newsroom.stories import Story, stories_between

DOMAIN = "newsroom.localhost"
OTHERS = "elsewhere.example"


def write_archive(
    path: Path, first: date, last: date, *, port: int | None = None, others: int = 0, bodies: Sequence[bytes] = ()
) -> int:
    """Write the stories of the days to a .warc.gz file; returns how many records of answers it has.

    ``others``: after each story its page as so many other sites have it, and after every tenth a 404.  ``port``: of the
    addresses.  ``bodies``: pages that stand, in turn, in place of the stories'.  Raises OSError if the file cannot be
    written.
    """
    site = Site(DOMAIN, port)
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "newsroom"}))
        count = 0
        for number, story in enumerate(stories_between(first, last)):
            for url, body in _pages(story, site, number, others):
                body = bodies[count % len(bodies)] if bodies else body
                _write(writer, url, body, _saved_at(story), "utf-8" if bodies else BY_ID[story.outlet_id].encoding)
                count += 1
            if number % 10 == 0:
                _write(writer, f"{site.base(story.outlet_id)}/gone-{number}", b"404", _saved_at(story), "utf-8", "404")
                count += 1
    return count


def _pages(story: Story, site: Site, number: int, others: int) -> Iterator[tuple[str, bytes]]:
    body = story_page(story, site)
    yield site.url(story), body
    for n in range(others):
        yield f"https://site{(number + n) % 97}.{OTHERS}{story.path}", body


def _saved_at(story: Story) -> str:
    return f"{story.published_at + timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"


def _write(writer: WARCWriter, url: str, body: bytes, saved_at: str, encoding: str, status: str = "200") -> None:
    headers = StatusAndHeaders(status, [("Content-Type", f"text/html; charset={encoding}")], protocol="HTTP/1.1")
    record = writer.create_warc_record(
        url,
        "response",
        payload=BytesIO(body),
        length=len(body),
        http_headers=headers,
        warc_headers_dict={"WARC-Date": saved_at},
    )
    request = StatusAndHeaders("GET / HTTP/1.1", [("Host", "x")], is_http_request=True)
    writer.write_record(writer.create_warc_record(url, "request", payload=BytesIO(), length=0, http_headers=request))
    writer.write_record(record)
