"""WARC files (ISO 28500): HTTP answers with their bytes as they came, the one thing that cannot be had again."""

from __future__ import annotations

from io import BytesIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from newswatch.net.content_coding import BadEncoding, Body, CutShort, TooLarge
from newswatch.net.messages import Response


class WarcBuffer:
    """Collects responses into the bytes of one WARC file; each record is a gzip member and can be read alone.

    `count`: responses so far.
    """

    def __init__(self) -> None:
        self._buffer = BytesIO()
        self._writer = WARCWriter(self._buffer, gzip=True)
        self.count = 0

    def add(self, response: Response) -> tuple[int, int]:
        """Append one response; returns where its record begins and how long it is, in bytes."""
        offset = self._buffer.tell()
        headers = [(_latin(k), _latin(v)) for k, v in response.headers if k.lower() != "transfer-encoding"]
        record = self._writer.create_warc_record(
            response.url,
            "response",
            payload=BytesIO(response.raw_body),
            length=len(response.raw_body),
            http_headers=StatusAndHeaders(str(response.status), headers, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": response.fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ")},
        )
        self._writer.write_record(record)
        self.count += 1
        return offset, self._buffer.tell() - offset

    def content(self) -> bytes:
        """The file's bytes, of all responses so far."""
        return self._buffer.getvalue()


def _latin(value: str) -> str:
    return value.encode("latin-1", "replace").decode("latin-1").replace("\r", " ").replace("\n", " ")


def read(record_bytes: bytes, max_bytes: int) -> tuple[str, str, bytes]:
    """URL, content type ("" where none was stated) and decoded body of one record.

    Raises ValueError where there is no record that can be read, or its body is longer than `max_bytes`.
    """
    try:
        record = next(iter(ArchiveIterator(BytesIO(record_bytes))), None)
        if record is None or record.http_headers is None:
            raise ValueError("these bytes hold no WARC record of an answer")
        headers = record.http_headers
        body = Body(headers.get_header("Content-Encoding") or "", max_bytes)
        body.add(record.raw_stream.read())
        _, decoded = body.finish()
    except (ArchiveLoadFailed, AttributeError, BadEncoding, CutShort, TooLarge) as error:
        # warcio raises AttributeError for a missing header.
        raise ValueError(f"the record cannot be read: {error}") from error
    return record.rec_headers.get_header("WARC-Target-URI"), headers.get_header("Content-Type") or "", decoded
