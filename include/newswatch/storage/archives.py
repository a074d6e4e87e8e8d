"""Archives of web pages on disk: WARC (ISO 28500) and WACZ files, folders of them, folders of HTML with a manifest."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed

from newswatch.errors import ConfigError
from newswatch.history.url_lists import read as read_list
from newswatch.net.content_coding import BadEncoding, Body, CutShort, TooLarge
from newswatch.net.messages import Response

WARC_SUFFIXES = (".warc", ".warc.gz")
WACZ_SUFFIX = ".wacz"
MANIFEST = "manifest.csv"
HTML_TYPES = ("text/html", "application/xhtml+xml")
_END = b"\r\n\r\n"  # of a record
# RuntimeError is what zipfile raises for what is encrypted, or packed in a way that it has not.
_DAMAGED = (ArchiveLoadFailed, zlib.error, zipfile.BadZipFile, EOFError, AttributeError, RuntimeError)
_CHUNK_BYTES = 1 << 16
_MAX_REASON_CHARS = 300  # warcio quotes whole lines, of any length


@dataclass(frozen=True, slots=True)
class ArchivedPage:
    """A page as it was saved. All else is as a manifest says; empty and None where none does.

    `published_day`: where that states a day without a time.
    """

    response: Response
    title: str = ""
    published_at: datetime | None = None
    published_day: date | None = None


@dataclass
class ArchiveReader:
    """Reads the pages of an archive one by one, in constant memory.

    `is_wanted`: by a page's address; of others not even the bytes are looked at. `max_bytes`: of a page. `passed_over`:
    records that are no page to read, by reason. `faults`: files of which something could not be read, with the reason.
    """

    path: Path
    is_wanted: Callable[[str], bool]
    max_bytes: int
    record_count: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[ArchivedPage]:
        """Raises ConfigError where there is no archive of these kinds."""
        if self.path.is_dir() and (self.path / MANIFEST).is_file():
            yield from self._of_folder()
            return
        files = _files(self.path)
        if not files:
            raise ConfigError(
                [
                    f"{self.path}: no archive. Give a .warc, .warc.gz or .wacz file, a folder of such, or a folder of "
                    f"HTML files with a {MANIFEST} (file,url,date,title)."
                ]
            )
        for file in files:
            try:
                with ExitStack() as stack:
                    for stream in _streams(file, stack):
                        yield from self._of_warc(stream)
            except (*_DAMAGED, OSError) as error:
                after = f" after record {self.record_count}" if self.record_count else ""
                self.faults.append(f"{file}: cannot be read{after}: {_reason(error)}")

    def _of_warc(self, stream: IO[bytes]) -> Iterator[ArchivedPage]:
        record = None
        for record in (records := ArchiveIterator(stream, check_digests=True)):
            self.record_count += 1
            if reason := self._refusal(record):
                self.passed_over[reason] += 1
                continue
            try:
                response = _response(record, _body(record, self.max_bytes))
            except TooLarge:
                self.passed_over["too large"] += 1
            except (CutShort, ValueError) as error:
                self.passed_over["damaged"] += 1
                self.faults.append(f"record {self.record_count}, {_address(record)}: {error}")
            else:
                yield ArchivedPage(response)
        # What is left of a record by a cut warcio takes for a shorter one, or for none.
        if record is not None and (_is_short(record) or stream.tell() > sum(records.member_info) + len(_END)):
            raise EOFError("it is cut")

    def _refusal(self, record: Any) -> str | None:
        """Why the record is no page to read, by its headers alone; None: it is one."""
        if record.rec_type != "response" or record.http_headers is None:
            return "no answers"
        if not self.is_wanted(_address(record)):
            return "of other hosts"
        if record.http_headers.get_statuscode() != "200":
            return "not answered with 200"
        stated = (record.http_headers.get_header("Content-Type") or "").partition(";")[0].strip().lower()
        return None if stated in HTML_TYPES else "no HTML"

    def _of_folder(self) -> Iterator[ArchivedPage]:
        manifest = self.path / MANIFEST
        entries = read_list(_text(manifest), manifest.name)
        for entry in entries:
            self.record_count += 1
            if not self.is_wanted(entry.url):
                self.passed_over["of other hosts"] += 1
                continue
            file = self.path / entry.file
            if not entry.file or not file.resolve().is_relative_to(self.path.resolve()):
                self.faults.append(f"{manifest}: {entry.url} names no file in the folder")
                continue
            try:
                with file.open("rb") as opened:
                    body = opened.read(self.max_bytes + 1)
                saved_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            except OSError as error:
                self.faults.append(f"{file}: cannot be read: {error}")
                continue
            if len(body) > self.max_bytes:
                self.passed_over["too large"] += 1
                continue
            headers = (("Content-Type", "text/html"),)
            response = Response(entry.url, 200, headers, body, body, saved_at, 0.0)
            yield ArchivedPage(response, entry.title, entry.published_at, entry.published_day)


def _files(path: Path) -> list[Path]:
    """The archive files at the path or below it, in order of their names."""
    suffixes = (*WARC_SUFFIXES, WACZ_SUFFIX)
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file() and file.name.lower().endswith(suffixes))
    return [path] if path.is_file() and path.name.lower().endswith(suffixes) else []


def _streams(file: Path, stack: ExitStack) -> Iterator[IO[bytes]]:
    """The WARC files in the file: itself, or those of a WACZ (https://specs.webrecorder.net/wacz/1.1.1/, archive/)."""
    if not file.name.lower().endswith(WACZ_SUFFIX):
        yield stack.enter_context(file.open("rb"))
        return
    packed = stack.enter_context(zipfile.ZipFile(file))
    for name in sorted(packed.namelist()):
        if name.startswith("archive/") and name.lower().endswith(WARC_SUFFIXES):
            yield io.BufferedReader(stack.enter_context(packed.open(name)))  # type: ignore[type-var]


def _body(record: Any, max_bytes: int) -> bytes:
    """The body as a browser has it.

    Raises TooLarge, CutShort, and ValueError where it is not as it was written.
    """
    is_chunked = (record.http_headers.get_header("Transfer-Encoding") or "").strip().lower() == "chunked"
    # warcio's own decoding fails at brotli, takes what is cut for whole, and knows no zstd.
    stream = ChunkedDataReader(record.raw_stream, decomp_type=None) if is_chunked else record.raw_stream
    raw = bytearray()
    while chunk := stream.read(_CHUNK_BYTES):
        raw += chunk
        if len(raw) > max_bytes:
            raise TooLarge
    if _is_short(record) or record.digest_checker.passed is False:
        raise ValueError("it is not as it was written")
    try:
        body = Body(record.http_headers.get_header("Content-Encoding") or "", max_bytes)
        body.add(bytes(raw))
        return body.finish()[1]
    except BadEncoding:
        return bytes(raw)  # many writers keep the header and save the decoded body


def _response(record: Any, body: bytes) -> Response:
    """The answer with its body as it is read, and without the headers that say how it was sent.

    Raises ValueError where nobody can tell when it was saved.
    """
    of_sending = ("content-encoding", "transfer-encoding", "content-length")
    headers = tuple((k, v) for k, v in record.http_headers.headers if k.lower() not in of_sending)
    stated = record.rec_headers.get_header("WARC-Date") or ""
    saved_at = datetime.fromisoformat(stated)
    saved_at = saved_at.astimezone(UTC) if saved_at.tzinfo else saved_at.replace(tzinfo=UTC)
    return Response(_address(record), 200, headers, body, body, saved_at, 0.0)


def _reason(error: Exception) -> str:
    return str(error).strip()[:_MAX_REASON_CHARS] or type(error).__name__


def _is_short(record: Any) -> bool:
    """Whether it is shorter than it says."""
    return bool(getattr(record.raw_stream, "limit", 0))


def _address(record: Any) -> str:
    """Of its page; some writers put it between < and > (WARC 1.0, section 5.5)."""
    return (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}. It must be CSV in UTF-8."]) from error
