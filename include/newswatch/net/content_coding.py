"""Content-Encoding (RFC 9110, section 8.4): bodies decoded as they stream in, capped at every step. Opens nothing."""

from __future__ import annotations

import zlib
from typing import Any, Protocol

import brotli
from backports import zstd

MAX_RATIO = 200  # decoded to encoded; deflate's own bound is 1032
MIN_LIMIT = 1 << 16  # so that a very small body may grow all the same
ACCEPT_ENCODING = "gzip, deflate, br, zstd"
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_WINDOW_LOG_MAX = 23  # RFC 9659: no window above 8 MB on the web


class TooLarge(Exception):
    """More bytes than the cap, on the wire or decoded."""


class BadEncoding(Exception):
    """A Content-Encoding that was not asked for, or bytes that are not in it."""


class CutShort(Exception):
    """The encoded body ends before its end."""


class _Decoder(Protocol):
    @property
    def is_complete(self) -> bool: ...

    def push(self, data: bytes, room: int) -> bytes:
        """Decode, giving at most `room` bytes; the caller goes no further once they are used up."""


class _Zlib:
    """gzip members one after the other, a zlib stream, or the bare deflate that some servers send under its name."""

    def __init__(self, name: str) -> None:
        self._is_gzip = name != "deflate"
        self._held = b""  # too little to tell what it begins
        self._decoder: Any = None
        self.is_complete = False

    def push(self, data: bytes, room: int) -> bytes:
        data, self._held = self._held + data, b""
        body = bytearray()
        while data and len(body) < room:
            if self._decoder is None:
                if len(data) < 2:
                    self._held = data
                    break
                if self.is_complete and not (self._is_gzip and data.startswith(_GZIP_MAGIC)):
                    break  # what follows the last member is padding or a server's slip; browsers pass over it too
                self._decoder = zlib.decompressobj(31 if self._is_gzip else _bits(data))
            body += self._decoder.decompress(data, room - len(body))
            self.is_complete = self._decoder.eof
            if not self.is_complete:
                break
            data, self._decoder = self._decoder.unused_data, None
        return bytes(body)


def _bits(data: bytes) -> int:
    """What `deflate` means here: gzip, zlib (RFC 1950, section 2.2) or neither, as some servers send it."""
    if data.startswith(_GZIP_MAGIC):
        return 31
    is_zlib = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return 15 if is_zlib else -15


class _Brotli:
    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    @property
    def is_complete(self) -> bool:
        return bool(self._decoder.is_finished())

    def push(self, data: bytes, room: int) -> bytes:
        if self.is_complete:
            return b""
        body = bytearray(self._decoder.process(data, output_buffer_limit=room))
        while not self._decoder.can_accept_more_data() and len(body) < room:
            body += self._decoder.process(b"", output_buffer_limit=room - len(body))
        return bytes(body)


class _Zstd:
    def __init__(self) -> None:
        self._decoder = self._new()

    @staticmethod
    def _new() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG_MAX})

    @property
    def is_complete(self) -> bool:
        return self._decoder.eof

    def push(self, data: bytes, room: int) -> bytes:
        body = bytearray()
        while len(body) < room:
            if self._decoder.eof:  # RFC 8878, section 3: frames may follow one another
                data = self._decoder.unused_data or data
                if not data:
                    break
                self._decoder = self._new()
            body += self._decoder.decompress(data, room - len(body))
            data = b""
            if not self._decoder.eof and self._decoder.needs_input:
                break
        return bytes(body)


class Body:
    """One body, decoded as it arrives: `add` each chunk, then `finish`.

    `content_encoding`: the header as it came. `max_bytes`: of the body, on the wire and decoded. Raises BadEncoding,
    TooLarge (above `max_bytes`, or above 200 times what has arrived) and, from `finish`, CutShort.
    """

    def __init__(self, content_encoding: str, max_bytes: int) -> None:
        self._max = max_bytes
        names = [n for n in (part.strip().lower() for part in content_encoding.split(",")) if n and n != "identity"]
        if len(names) > 1:
            raise BadEncoding(f"{len(names)} content encodings at once: {content_encoding[:80]!r}")
        self._decoder = _decoder(names[0]) if names else None  # None: the bytes are the body
        self._raw = bytearray()
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take what has arrived."""
        if self._decoder is None and not self._raw and chunk.startswith(_GZIP_MAGIC):
            self._decoder = _Zlib("gzip")  # a gzip file that the server forgot to label is still no text
        self._raw += chunk
        if self._decoder:
            self._decode(self._decoder, chunk)
        if len(self._raw) > self._max:  # asked last: of a body that is cut to size, this chunk's beginning counts
            raise TooLarge(f"more than {self._max:,} bytes")

    def _decode(self, decoder: _Decoder, chunk: bytes) -> None:
        limit = min(self._max, max(len(self._raw) * MAX_RATIO, MIN_LIMIT))
        try:
            self._body += decoder.push(chunk, limit + 1 - len(self._body))
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
            raise BadEncoding(str(error)) from None
        if len(self._body) > limit:
            raise TooLarge(f"decodes to more than {limit:,} bytes")

    def beginning(self) -> bytes:
        """What has been decoded so far, within the cap."""
        return bytes((self._body if self._decoder else self._raw)[: self._max])

    def finish(self) -> tuple[bytes, bytes]:
        """The bytes that were on the wire, and the decoded body. Raises CutShort where the encoding has not ended."""
        raw = bytes(self._raw)
        if self._decoder is None:
            return raw, raw
        if raw and not self._decoder.is_complete:
            raise CutShort("the compressed body is cut short")
        return raw, bytes(self._body)


def _decoder(name: str) -> _Decoder:
    if name in ("gzip", "x-gzip", "deflate"):
        return _Zlib(name)
    if name == "br":
        return _Brotli()
    if name == "zstd":
        return _Zstd()
    raise BadEncoding(f"content encoding {name!r} was not asked for")
