"""An S3 server on loopback, moto's, that counts what it is asked and misbehaves when it is told to."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

KEY_ID, SECRET = "newsroom-key", "bucket-secret-of-tests"
Environ = dict[str, Any]
Start = Callable[..., Any]
App = Callable[[Environ, Start], Iterable[bytes]]
Trouble = Callable[[Environ, Start, App], Iterable[bytes]]  # what is done in place of an answer
_numbers = itertools.count()


class BucketServer:
    """The server. `requests`: how often it was asked, by kind; `delay_seconds`: how late each of its answers is."""

    def __init__(self) -> None:
        self._moto: App = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._troubles: list[tuple[str, Trouble]] = []
        self.requests: Counter[str] = Counter()
        self.delay_seconds = 0.0
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> BucketServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def environ(self) -> dict[str, str]:
        """What an operator sets to use it."""
        return {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_port}",
        }

    def new_bucket(self) -> str:
        """The URL of a bucket of its own, with a prefix."""
        name = f"newsroom-{next(_numbers)}"
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(name, "us-east-1")
        return f"s3://{name}/desk"

    def stored(self, url: str) -> dict[str, bytes]:
        """Contents by path below the URL."""
        name, _, prefix = url.removeprefix("s3://").partition("/")
        keys = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_bucket(name).keys
        return {path.removeprefix(f"{prefix}/"): keys[path].value for path in keys}

    def fill(self, url: str, paths: Iterable[str]) -> None:
        """Put a file of one byte at each of the paths, without a request."""
        name, _, prefix = url.removeprefix("s3://").partition("/")
        for path in paths:
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(name, f"{prefix}/{path}", b"1")

    def uploads_in_parts(self, url: str) -> int:
        """How many uploads of parts were begun in the bucket and not ended."""
        name = url.removeprefix("s3://").partition("/")[0]
        return len(s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_bucket(name).multiparts)

    def misbehave(self, kind: str, trouble: Trouble, times: int) -> None:
        """Do this with the next so many requests of the kind, such as PUT."""
        self._troubles += [(kind, trouble)] * times

    def behave(self) -> None:
        self._troubles.clear()

    def _answer(self, environ: Environ, start: Start) -> Iterable[bytes]:
        kind = _kind(environ)
        with self._lock:
            self.requests[kind] += 1
            trouble = next((t for t in self._troubles if t[0] == kind), None)
            if trouble:
                self._troubles.remove(trouble)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        if trouble:
            return trouble[1](environ, start, self._moto)
        if f"Credential={KEY_ID}/" not in environ.get("HTTP_AUTHORIZATION", ""):
            return refused(environ, start, self._moto)
        return self._moto(environ, start)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        pass


def _kind(environ: Environ) -> str:
    """As the storage's price list names it."""
    method, query = environ["REQUEST_METHOD"], environ["QUERY_STRING"]
    if method == "GET" and "list-type" in query:
        return "LIST"
    if method == "POST" and query.startswith("delete"):
        return "DELETE"
    return "COPY" if "HTTP_X_AMZ_COPY_SOURCE" in environ else str(method)


def _said(start: Start, status: str, code: str, message: str, more: str = "") -> Iterable[bytes]:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>'.encode()
    start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def _hang_up(environ: Environ) -> None:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionError


def busy(environ: Environ, start: Start, app: App) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return _said(start, "503 Slow Down", "SlowDown", "Please reduce your request rate.")


def failing(environ: Environ, start: Start, app: App) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return _said(start, "500 Internal Server Error", "InternalError", "We encountered an internal error.")


def refused(environ: Environ, start: Start, app: App) -> Iterable[bytes]:
    """As S3 does it: what it repeats of the request belongs into no log."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    told = environ.get("HTTP_AUTHORIZATION", "")
    more = f"<AWSAccessKeyId>{told}</AWSAccessKeyId><StringToSign>{told}</StringToSign>"
    return _said(start, "403 Forbidden", "InvalidAccessKeyId", "The AWS Access Key Id does not exist.", more)


def expired(environ: Environ, start: Start, app: App) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return _said(start, "400 Bad Request", "ExpiredToken", "The provided token has expired.")


def cut_while_it_is_sent(environ: Environ, start: Start, app: App) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
    _hang_up(environ)
    return []


def answer_lost(environ: Environ, start: Start, app: App) -> Iterable[bytes]:
    """It does what it is asked, and hangs up in place of saying so."""
    list(app(environ, lambda *_: lambda _: None))
    _hang_up(environ)
    return []


def answer_cut(environ: Environ, start: Start, app: App) -> Iterable[bytes]:
    whole = b"".join(app(environ, start))

    def half() -> Iterable[bytes]:
        yield whole[: len(whole) // 2]
        _hang_up(environ)

    return half()


def silent(environ: Environ, start: Start, app: App) -> Iterable[bytes]:
    """It takes the request and says nothing until the client goes."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["werkzeug.socket"].recv(1)
    _hang_up(environ)
    return []
