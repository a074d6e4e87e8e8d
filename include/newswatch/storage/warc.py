"""WARC files (ISO 28500): HTTP answers with their bytes as they came, the one thing that cannot be had again."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter
from zlib_ng import zlib_ng

from newswatch.errors import ParseFailed
from newswatch.net.content_coding import BadEncoding, Body, CutShort, TooLarge
from newswatch.net.messages import Response

HEADERS_BYTES = 1 << 20  # of a record, at most: those of WARC and those of the answer
_MEMBER = b"\x1f\x8b\x08"  # how a gzip member begins (RFC 1952)
_CHUNK_BYTES = 1 << 16
_LEVEL, _GZIP = 6, 31


class WarcBuffer:
    """Collects responses into the bytes of one WARC file; each record is a gzip member and can be read alone.

    `count`: responses so far.
    """

    def __init__(self) -> None:
        self._buffer = BytesIO()
        self.count = 0

    def add(self, response: Response) -> tuple[int, int]:
        """Append one response; returns where its record begins and how long it is, in bytes."""
        offset = self._buffer.tell()
        plain = BytesIO()
        writer = WARCWriter(plain, gzip=False)  # its own compression takes thrice as long
        headers = [(_latin(k), _latin(v)) for k, v in response.headers if k.lower() != "transfer-encoding"]
        record = writer.create_warc_record(
            response.url,
            "response",
            payload=BytesIO(response.raw_body),
            length=len(response.raw_body),
            http_headers=StatusAndHeaders(str(response.status), headers, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": response.fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ")},
        )
        writer.write_record(record)
        self._buffer.write(_packed(plain.getbuffer()))
        self.count += 1
        return offset, self._buffer.tell() - offset

    def content(self) -> bytes:
        """The file's bytes, of all responses so far."""
        return self._buffer.getvalue()


def _packed(content: memoryview) -> bytes:
    """The content as one gzip member."""
    packer = zlib_ng.compressobj(_LEVEL, zlib_ng.DEFLATED, _GZIP)
    packed: bytes = packer.compress(content) + packer.flush()
    return packed


def _latin(value: str) -> str:
    return value.encode("latin-1", "replace").decode("latin-1").replace("\r", " ").replace("\n", " ")


def read(record_bytes: bytes, max_bytes: int) -> tuple[str, str, bytes]:
    """URL, content type ("" where none was stated) and decoded body of one record.

    Raises ValueError where these bytes are no whole record as it was written; ParseFailed where the body of a whole
    one is longer than `max_bytes` or cannot be decoded.
    """
    try:
        unpacked = BytesIO(_unpacked(record_bytes, max_bytes))
        record = next(iter(ArchiveIterator(unpacked, check_digests="raise")), None)
        if record is None or record.http_headers is None:
            raise ValueError("these bytes hold no WARC record of an answer")
        headers = record.http_headers
        content = record.raw_stream.read()
        if record.raw_stream.limit:  # what is left of Content-Length
            raise ValueError("the record is shorter than it says")
    except (ArchiveLoadFailed, AttributeError, zlib.error) as error:
        # warcio raises AttributeError for a missing header.
        raise ValueError(f"the record cannot be read: {error}") from error
    body = Body(headers.get_header("Content-Encoding") or "", max_bytes)
    try:
        body.add(content)
        _, decoded = body.finish()
    except TooLarge as error:
        raise ParseFailed("too_large", str(error)) from error
    except (BadEncoding, CutShort) as error:
        raise ParseFailed("bad_encoding", str(error)) from error
    return record.rec_headers.get_header("WARC-Target-URI"), headers.get_header("Content-Type") or "", decoded


def _unpacked(record_bytes: bytes, max_bytes: int) -> bytes:
    """The one gzip member, which ends with its own checksum; warcio alone takes a cut one for a shorter record."""
    member = zlib.decompressobj(wbits=31)
    unpacked = member.decompress(record_bytes, max_bytes + HEADERS_BYTES)
    if not member.eof and member.unconsumed_tail:
        raise ParseFailed("too_large", f"the record holds more than {max_bytes} bytes")
    if not member.eof or member.unused_data:
        raise ValueError("the record is cut, or more than one")
    return unpacked


def records(content: bytes, url: str) -> Iterator[tuple[int, int]]:
    """Where the file's records of answers of this address begin and how long they are, bytes, in their order.

    Found member by member, as one that cannot be unpacked has no end: the next whose beginning can is gone on with.
    """
    wanted = f"WARC-Target-URI: {url}\r\n".encode()
    at = content.find(_MEMBER)
    while at >= 0:
        head, length = _member(content, at)
        if length and wanted in head.partition(b"\r\n\r\n")[0] + b"\r\n":
            yield at, length
        at = content.find(_MEMBER, at + (length or 1))


def _member(content: bytes, at: int) -> tuple[bytes, int]:
    """How the gzip member there begins, unpacked, and its length in bytes; 0: it cannot be unpacked."""
    member, end, head = zlib.decompressobj(wbits=31), at, b""
    try:
        while not member.eof and end < len(content):
            unpacked = member.decompress(content[end : end + _CHUNK_BYTES])
            head = head or unpacked
            end += _CHUNK_BYTES
    except zlib.error:
        return b"", 0
    return head, min(end, len(content)) - len(member.unused_data) - at if member.eof else 0
