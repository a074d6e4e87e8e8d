"""Stored bytes: a record is read alone, and one that cannot be read says so."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest
from warcio.warcwriter import WARCWriter

from newswatch.net.messages import Response
from newswatch.storage import warc

SEEN = datetime(2026, 11, 22, tzinfo=UTC)
PAGE = Response("https://example.com/a", 200, (("Content-Type", "text/html"),), b"<p>Quay", b"<p>Quay", SEEN, 0.1)
LIMIT = 1_000_000


def test_each_record_is_read_alone() -> None:
    buffer = warc.WarcBuffer()
    places = [buffer.add(PAGE), buffer.add(PAGE)]
    for offset, size in places:
        found = warc.read(buffer.content()[offset : offset + size], LIMIT)
        assert found == ("https://example.com/a", "text/html", b"<p>Quay")


def _without_http() -> bytes:
    out = BytesIO()
    writer = WARCWriter(out, gzip=True)
    writer.write_record(
        writer.create_warc_record("https://example.com/a", "metadata", payload=BytesIO(b"x: y"), length=4)
    )
    return out.getvalue()


def _without_address() -> bytes:
    import gzip

    buffer = warc.WarcBuffer()
    buffer.add(PAGE)
    lines = gzip.decompress(buffer.content()).split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"WARC-Target-URI"))


@pytest.mark.parametrize(
    "record", [b"", b"garbage " * 100, b"\x1f\x8b" + b"\0" * 50, b"WARC/1.0\r\n", _without_http(), _without_address()]
)
def test_bytes_that_hold_no_answer_are_a_value_error(record: bytes) -> None:
    with pytest.raises(ValueError, match="record"):
        warc.read(record, LIMIT)
