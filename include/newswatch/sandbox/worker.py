"""A parser's process: one request at a time on standard input, each answered on standard output in JSON.

It reads a request's head, loads the parser, says that it is ready, and then reads the document.

It starts for every poll and every fetch, and imports no more than it needs: asyncio and, but for a page's phrases,
pydantic are left to the parent.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

SIZES = struct.Struct("!II")  # bytes of the JSON head, bytes of the body


def _parser(kind: str) -> Callable[..., Any]:
    if kind == "feed":
        from newswatch.feeds import parser

        return parser.parse
    if kind == "page":
        from newswatch.pages import extractor

        return extractor.parse
    if kind == "past":
        from newswatch.history import documents

        return documents.parse
    from newswatch.feeds import autodiscovery

    return autodiscovery.read_page if kind == "site" else autodiscovery.read_heading


def _answer(parse: Callable[..., Any], arguments: dict[str, Any], body: bytes) -> bytes:
    try:
        result = parse(body, **arguments)
        answer: dict[str, Any] = {"result": asdict(result)}
    except MemoryError:
        raise
    except Exception as error:  # a hostile document may raise anything; the parent gets its name
        names = {
            "NotAFeed": "not_a_feed",
            "Unreadable": "unreadable",
            "UnreadablePast": "unreadable",
            "NoStory": getattr(error, "kind", "no_story"),
        }
        name = type(error).__name__
        detail = str(error) if name in names else f"{name}: {error}"
        answer = {"failed": names.get(name, "failed"), "detail": detail[:500]}
    return json.dumps(answer, default=lambda moment: moment.isoformat()).encode()


def _serve() -> None:
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a parser that prints must not reach the answers
    while len(sizes := requests.read(SIZES.size)) == SIZES.size:
        head_size, body_size = SIZES.unpack(sizes)
        request = json.loads(requests.read(head_size))
        parse = _parser(request["kind"])
        answers.write(SIZES.pack(0, 0))  # ready: from here on the time counts
        answers.flush()
        answer = _answer(parse, request["arguments"], requests.read(body_size))
        answers.write(SIZES.pack(len(answer), 0) + answer)
        answers.flush()


if __name__ == "__main__":
    _serve()
