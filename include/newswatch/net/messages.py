"""What a request comes back with: an answer, or the failure that took its place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from newswatch.net.bot_check import is_bot_check
from newswatch.net.headers import retry_after_seconds

PAUSING = frozenset({429, 503})  # RFC 6585, section 4; RFC 9110, section 15.6.4
PASSING = frozenset({408, 425, 500, 502, 504}) | PAUSING  # worth another try (RFC 9110, RFC 8470)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer as it came. `body` is decoded; `raw_body` are the bytes that were on the wire."""

    url: str  # the last hop's
    status: int
    headers: tuple[tuple[str, str], ...]
    raw_body: bytes
    body: bytes
    fetched_at: datetime
    seconds: float  # on the wire, all hops
    moved_to: str | None = None  # where permanent redirects (301, 308) alone led from the address that was asked

    def header(self, name: str) -> str | None:
        """The value of the first header of that name, in any case of letters; None: there is none."""
        wanted = name.lower()
        return next((v for k, v in self.headers if k.lower() == wanted), None)

    @property
    def body_sha256(self) -> str:
        """Of the decoded body, in hex."""
        return hashlib.sha256(self.body).hexdigest()

    def failure(self, now: datetime) -> Failure | None:
        """The one verdict on an answer: None for a 200, else what it is counted as and whether it may pass.

        304 and whatever else a caller has asked for is the caller's to look at first. A check for bots is one whatever
        status it has, but for 401 and 403, which say enough.
        """
        if self.status not in (401, 403) and is_bot_check(self.url, self.headers, self.body):
            detail = f"{self.url} answered {self.status} with a check for bots"
            return Failure(self.url, "bot_check", detail, is_transient=False)
        if self.status == 200:
            return None
        return Failure(
            self.url,
            f"http_{self.status:03}",
            f"{self.url} answered {self.status}",
            is_transient=self.status in PASSING,
            retry_after_seconds=retry_after_seconds(self.header("Retry-After"), now),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that gave no answer to use.

    `outcome`: the name under which it is counted (`days.dictionary.OUTCOME_DOCS`). `is_transient`: whether another
    request may well do better.
    """

    url: str
    outcome: str
    detail: str
    is_transient: bool
    retry_after_seconds: float | None = None
