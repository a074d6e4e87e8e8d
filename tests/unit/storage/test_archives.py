"""Records as crawlers really write them: what can be read is, what cannot is named, and the rest goes on."""

from __future__ import annotations

import gzip
import zipfile
from io import BytesIO
from pathlib import Path

import brotli
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from newswatch.storage.archives import ArchiveReader

URL = "https://paper.example/"
PAGE = b"<p>The board met.</p>"
DATE = "2026-09-14T10:00:00Z"


def record(name: str, body: bytes = PAGE, date: str = DATE, **headers: str) -> bytes:
    """An answer, packed; without a date where that is empty."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=True)
    fields = [("Content-Type", "text/html"), *((key.replace("_", "-"), value) for key, value in headers.items())]
    made = writer.create_warc_record(
        URL + name,
        "response",
        payload=BytesIO(body),
        length=len(body),
        http_headers=StatusAndHeaders("200 OK", fields, protocol="HTTP/1.1"),
        warc_headers_dict={"WARC-Date": date or DATE},
    )
    if not date:
        made.rec_headers.remove_header("WARC-Date")
    writer.write_record(made)
    return out.getvalue()


def reader(path: Path, content: bytes, max_bytes: int = 100_000) -> ArchiveReader:
    path.write_bytes(content)
    return ArchiveReader(path, lambda _: True, max_bytes)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(PAGE, mtime=0), {"Content_Encoding": "gzip"}),
        (brotli.compress(PAGE), {"Content_Encoding": "br"}),
        (PAGE, {"Content_Encoding": "br"}),  # saved decoded
        (PAGE, {"Content_Encoding": "gzip"}),
        (b"5\r\n<p>Th\r\n10\r\ne board met.</p>\r\n0\r\n\r\n", {"Transfer_Encoding": "chunked"}),
        (PAGE, {"Transfer_Encoding": "chunked"}),
    ],
)
def test_bodies_are_decoded_as_they_were_sent_or_saved(body: bytes, headers: dict[str, str], tmp_path: Path) -> None:
    read = reader(tmp_path / "a.warc.gz", record("1", body, **headers) + record("2"))
    assert [page.response.body for page in read] == [PAGE, PAGE]
    assert read.faults == []


@pytest.mark.parametrize(
    "bad",
    [
        record("1", date=""),
        record("1", date="yesterday"),
        record("1", gzip.compress(PAGE * 100)[:-20], Content_Encoding="gzip"),
    ],
)
def test_a_record_that_cannot_be_used_is_named_and_the_next_is_read(bad: bytes, tmp_path: Path) -> None:
    read = reader(tmp_path / "a.warc.gz", bad + record("2"))
    assert [page.response.url for page in read] == [f"{URL}2"]
    assert (read.passed_over["damaged"], len(read.faults)) == (1, 1)


@pytest.mark.parametrize("pack", [gzip.compress, brotli.compress])
def test_what_grows_beyond_the_limit_is_too_large(pack: object, tmp_path: Path) -> None:
    assert callable(pack)
    bomb = record("1", pack(b" " * 5_000_000), Content_Encoding="br" if pack is brotli.compress else "gzip")
    read = reader(tmp_path / "a.warc.gz", bomb + record("2"))
    assert [page.response.url for page in read] == [f"{URL}2"]
    assert read.passed_over["too large"] == 1


def test_a_wacz_that_is_encrypted_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("archive/a.warc.gz", record("1"))
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    read = reader(path, bytes(content))
    assert list(read) == []
    assert "encrypted" in read.faults[0]


def test_a_line_without_an_end_makes_no_message_without_one(tmp_path: Path) -> None:
    read = reader(tmp_path / "a.warc", b"\0" * 1_000_000)
    assert list(read) == []
    assert len(read.faults[0]) < 1_000


def test_a_page_of_a_folder_that_is_too_large_is_counted(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(f"file,url\n1.html,{URL}1\n2.html,{URL}2\n")
    (tmp_path / "1.html").write_bytes(b" " * 2_000)
    (tmp_path / "2.html").write_bytes(PAGE)
    read = ArchiveReader(tmp_path, lambda _: True, 1_000)
    assert [page.response.url for page in read] == [f"{URL}2"]
    assert read.passed_over["too large"] == 1
