"""Files in a bucket: S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage.

A file is put by one request, never in parts: it is there whole or not at all, and nothing is left of one that was cut
off. Each request is one that can be asked twice with the same end, and is asked again, later each time, where the
storage is busy (500, 503), late or not to be reached, or its answer is lost. No listing is kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from newswatch.errors import ConfigError
from newswatch.settings import without_secrets
from newswatch.storage.backend import FileStat

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

SCHEMES = {  # and what an operator sets where the storage does not let him in
    **dict.fromkeys(("s3", "s3a"), "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL"),
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    **dict.fromkeys(("az", "abfs", "abfss"), "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"),
}
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")  # the first counts
_RETRIES: RetryConfig = {
    "max_retries": 20,
    "retry_timeout": timedelta(minutes=2),  # after this none is begun; what called is tried again by Airflow
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=15), "base": 3},
}
_A_READ = timedelta(seconds=30)  # without a byte
_A_REQUEST = timedelta(minutes=10)  # a big file on a slow line
_STATUS = re.compile(r"status code: (\d{3}[^:]*)")
_CODE, _MESSAGE = re.compile(r"<Code>([^<]*)</Code>"), re.compile(r"<Message>([^<]*)</Message>")
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist")
_REFUSED = re.compile(r"status code: 40[13]\b|<Code>(?:Expired|Invalid)Token</Code>")
_NOTHING_THERE = re.compile(r"status code: 416\b")
_OF_THE_MACHINE = "169.254.169.254"  # asked for credentials where the environment names none
_LONGEST = 300  # characters of what a storage says


def is_bucket(url: str) -> bool:
    """Whether a bucket is meant, and not a folder or what fsspec reaches."""
    scheme, found, _ = url.partition("://")
    return bool(found) and scheme.lower() in SCHEMES


class Bucket:
    """What lies below a URL such as `s3://bucket/prefix`. Credentials and endpoint are those of the environment.

    Not to be used by a process that was forked from one that uses it: what serves the requests is not copied.
    """

    def __init__(self, url: str) -> None:
        """Connects to nothing. Raises ConfigError where the URL or the environment cannot be used."""
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        self.root = without_secrets(url).rstrip("/")
        self._scheme = url.partition(":")[0].lower()
        self._check_environment(url)
        try:
            self._store: ObjectStore = from_url(url, client_options=_client(), retry_config=_RETRIES)
        except (BaseError, ValueError) as error:
            raise ConfigError([f"{self.root}: {_in_short(str(error))}. {self._way_out}"]) from None

    def _check_environment(self, url: str) -> None:
        """Raises ConfigError for what the library leaves out in silence, or ends the process for."""
        if "?" in url or ("@" in url and not self._scheme.startswith("abfs")):
            raise ConfigError([f"{self.root}: keys and options do not stand in the URL. {self._way_out}"])
        prefix = SCHEMES[self._scheme].partition("_")[0] + "_"
        for name, value in os.environ.items():
            if name.startswith(prefix) and value != value.strip():
                raise ConfigError([f"environment: {name} has blanks or a line's end around its value."])
        for name in _ENDPOINTS:
            value = os.environ.get(name, "")
            if value and not re.fullmatch(r"https?://[^/\s]\S*", value):
                raise ConfigError([f"environment: {name}: write it like https://host or http://host:9000."])

    @property
    def folder(self) -> Path | None:
        return None

    def put(self, path: str, content: bytes) -> None:
        with self._errors():
            self._store.put(path, content, use_multipart=False)

    def get(self, path: str, start: int | None, end: int | None) -> bytes:
        if end is not None and end <= (start or 0):
            return b""
        with self._errors():
            if start is None and end is None:
                return bytes(self._store.get(path).bytes())
            try:
                if end is None:
                    return bytes(self._store.get(path, options={"range": {"offset": start or 0}}).bytes())
                return bytes(self._store.get_range(path, start=start or 0, end=end))
            except Exception as error:
                if _NOTHING_THERE.search(str(error)):  # a file that is shorter, as a folder's would be read
                    return b""
                raise

    def move(self, places: Mapping[str, str]) -> None:
        """Copies, and when all are there one request that takes away what was copied."""
        copied = []
        for path, to in places.items():
            with suppress(FileNotFoundError), self._errors():
                self._store.copy(path, to)
                copied.append(path)
        if copied:
            with self._errors():
                self._store.delete(copied)

    def remove(self, path: str) -> None:
        with self._errors():
            self._store.delete(path)

    def stat(self, path: str) -> FileStat:
        with self._errors():
            found = self._store.head(path)
        return FileStat(found["size"], found["last_modified"])

    def exists(self, path: str) -> bool:
        try:
            self.stat(path)
        except FileNotFoundError:
            return False
        return True

    def walk(self, folder: str) -> Iterator[str]:
        for page in self._pages(folder):
            yield from page

    def names(self, folder: str) -> list[str]:
        with self._errors():
            found = self._store.list_with_delimiter(folder or None)
        paths = [file["path"] for file in found["objects"]]
        return [path.rpartition("/")[2] for path in (*paths, *found["common_prefixes"])]

    def remove_folder(self, folder: str) -> None:
        for page in self._pages(folder):
            with self._errors():
                self._store.delete(page)

    def _pages(self, folder: str) -> Iterator[list[str]]:
        """The paths below the folder, as many at a time as the storage lists in one answer."""
        with self._errors():
            pages = iter(self._store.list(folder or None, chunk_size=1000))
        while True:
            with self._errors():
                page = next(pages, None)
            if page is None:
                return
            yield [file["path"] for file in page]

    @property
    def _way_out(self) -> str:
        return f"Look at the URL and, in the environment, at {SCHEMES[self._scheme]}."

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raises what `Backend` does in place of the library's errors, which repeat whole requests."""
        from obstore.exceptions import BaseError

        if os.getpid() != _first_process():
            raise RuntimeError("this process was forked from one that uses a bucket: open buckets in one of the two")
        try:
            yield
        except (BaseError, OSError) as error:
            raise self._meant(error) from None

    def _meant(self, error: Exception) -> Exception:
        text = str(error)
        if _NO_BUCKET.search(text):
            return ConfigError([f"{self.root}: there is no such bucket. Make it, or name another one."])
        if isinstance(error, FileNotFoundError):
            return error.with_traceback(None)
        if _REFUSED.search(text):
            return ConfigError([f"{self.root}: the storage refuses us, {_in_short(text)}. {self._way_out}"])
        if _OF_THE_MACHINE in text:
            return OSError(f"no credentials, neither of the environment nor of this machine. {self._way_out}")
        return OSError(_in_short(text))


@cache
def _first_process() -> int:
    """The process that has used a bucket first; a fork of it is told the same."""
    return os.getpid()


def _client() -> ClientConfig:
    endpoint = next(filter(None, map(os.environ.get, _ENDPOINTS)), "")
    return {
        "allow_http": endpoint.startswith("http://"),  # where nobody named such a one, keys travel by TLS alone
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": _A_READ,
        "timeout": _A_REQUEST,
    }


def _in_short(text: str) -> str:
    """What the storage says, in one line: status, code and message where there are such, and no secret."""
    words = [found[1].strip() for pattern in (_STATUS, _CODE, _MESSAGE) if (found := pattern.search(text))]
    said = ", ".join(filter(None, words)) or text.partition("\n")[0]
    return without_secrets(" ".join(said.split()))[:_LONGEST].rstrip(".")
