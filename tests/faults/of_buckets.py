"""What object storages do to requests, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bucket_server import (
    Trouble,
    answer_cut,
    answer_lost,
    busy,
    cut_while_it_is_sent,
    expired,
    failing,
    refused,
    silent,
)

from newswatch.errors import ConfigError, NewswatchError, TransientError

KINDS = ("PUT", "GET", "HEAD", "COPY", "DELETE", "LIST")
# Of tries, where nobody waits for a storage to recover.
SHORT = {"init_backoff": timedelta(milliseconds=20), "max_backoff": timedelta(milliseconds=50), "base": 2}
LASTING = 1000  # times: longer than anybody asks again


@dataclass(frozen=True)
class BucketFault:
    """A storage that does `trouble` to the first `times` requests of a kind. `error`: what is raised; None: it ends
    well. `kinds`: the requests to which it is done, one after another."""

    name: str
    does: str
    trouble: Trouble
    kept: str
    error: type[NewswatchError] | None = None
    times: int = 2
    kinds: tuple[str, ...] = KINDS

    @property
    def outcome(self) -> str:
        return self.error.__name__ if self.error else "ok"


BUCKET_FAULTS = [
    BucketFault("busy", "answers 503 SlowDown at first", busy, "all; asked again, each time later"),
    BucketFault("failing", "answers 500 at first", failing, "all; asked again, each time later"),
    BucketFault(
        "cut-while-sent",
        "hangs up amid the request",
        cut_while_it_is_sent,
        "all; nothing of the half request",
    ),
    BucketFault("answer-lost", "does what it is asked and hangs up", answer_lost, "all; the same bytes once more"),
    BucketFault(
        "answer-cut", "ends amid the file that is read", answer_cut, "all; the rest is asked for", kinds=("GET",)
    ),
    BucketFault(
        "answer-cut-move",
        "ends amid its word on a copy",
        answer_cut,
        "the file, in one place or in both; a second try moves it",
        TransientError,
        kinds=("COPY",),
    ),
    BucketFault(
        "silent",
        "takes the request and says nothing",
        silent,
        "all; asked again after 30 seconds without a byte",
        kinds=("PUT", "GET", "HEAD", "COPY", "LIST"),
    ),
    BucketFault(
        "busy-for-long", "answers 503 for minutes", busy, "what was there; Airflow tries again", TransientError, LASTING
    ),
    BucketFault(
        "cut-for-long",
        "hangs up amid each request",
        cut_while_it_is_sent,
        "what was there; Airflow tries again",
        TransientError,
        LASTING,
    ),
    BucketFault(
        "refused",
        "does not know the key",
        refused,
        "what was there; the message names the variables, no key",
        ConfigError,
        LASTING,
    ),
    BucketFault(
        "expired",
        "says that the token has expired",
        expired,
        "what was there; the message names the variables",
        ConfigError,
        LASTING,
        kinds=("PUT", "GET", "COPY", "DELETE", "LIST"),  # an answer to HEAD cannot say so
    ),
]
