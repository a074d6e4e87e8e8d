"""What one row of the fault matrix says, and the feed that all of them serve in their good moods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from hostile import Answer, plain

FEED_TYPE = "application/rss+xml; charset=utf-8"
BACK_OFF = timedelta(minutes=13)  # the shortest interval, less the scheduler's slack
MAX_FEED_BYTES = 200_000
DEADLINE_SECONDS = 3.0


def feed(*titles: str, head: str = "", encoding: str = "utf-8", channel: str = "Hostile") -> bytes:
    """An RSS document that lists these titles, each with its own link."""
    items = "".join(
        f"<item><title>{title}</title><link>http://news.localhost/{number}</link><guid>{title}</guid></item>"
        for number, title in enumerate(titles)
    )
    opening = f'<?xml version="1.0" encoding="{encoding}"?>{head}<rss version="2.0"><channel><title>{channel}</title>'
    return f"{opening}{items}</channel></rss>".encode(encoding)


BEFORE = feed("first")
DURING = feed("first", "second")
AFTER = feed("first", "second", "third")


def served(body: bytes = DURING, status: str = "200 OK", **headers: str) -> Answer:
    """An answer with a tag of its own, so that a tag that was taken by mistake shows."""
    return plain(body, status, **({"ETag": '"fault"', "Content_Type": FEED_TYPE} | headers))


@dataclass(frozen=True)
class Fault:
    """A feed whose server answers well, then as `answer` does, then well again.

    `place`: `shared` (one port for all, told apart by host), `at accept` (acts before it is asked), `closed` (nobody
    listens meanwhile), `nameless` (its name stops resolving), `literal` (an address for a host), or `tls`, whose
    `certificate` is the one shown meanwhile. `tag`: the validator afterwards. `new`: entries taken from the answer.
    """

    name: str
    does: str
    outcome: str
    answer: Answer = field(default_factory=served)
    new: int = 0
    keeps: bool = False
    tag: str | None = '"good"'
    due: timedelta = BACK_OFF
    place: str = "shared"
    certificate: str = ""
    before: Answer = field(default_factory=lambda: plain(BEFORE, ETag='"good"', Content_Type=FEED_TYPE))
    extra: dict[str, Answer] = field(default_factory=dict)  # other paths of the same host

    @property
    def is_success(self) -> bool:
        return self.outcome in ("ok", "not_modified", "damaged")

    @property
    def kept(self) -> str:
        """What is kept of the answer, in words."""
        if self.outcome == "ok":
            return f"bytes, {_entries(self.new)}, its validators"
        parts = ["bytes"] if self.keeps else []
        parts += [_entries(self.new)] if self.outcome == "damaged" else []
        parts += ["old validators" if self.tag == '"good"' else "its validators"] if self.tag else []
        again = [] if self.is_success else [f"again in {_words(self.due)}"]
        return "; ".join(filter(None, (", ".join(parts), *again)))


def ok(name: str, does: str, answer: Answer, **more: object) -> Fault:
    """A behaviour that does no harm: a new entry is found, and the new validators are taken."""
    values = {"new": 1, "keeps": True, "tag": '"fault"'} | more
    return Fault(name, does, "ok", answer, **values)  # type: ignore[arg-type]


def no_feed(name: str, does: str, body: bytes, content_type: str = FEED_TYPE) -> Fault:
    """A 200 that is no feed; its bytes are kept, so that it can be looked at."""
    return Fault(name, does, "not_a_feed", served(body, Content_Type=content_type), keeps=bool(body))


def _entries(count: int) -> str:
    return "no new entry" if not count else "1 new entry" if count == 1 else f"{count} new entries"


def _words(wait: timedelta) -> str:
    minutes = int(wait.total_seconds() // 60)
    if minutes % (24 * 60) == 0:
        return f"{minutes // 60 // 24} days"
    return f"{minutes} minutes"


def table(rows: Iterable[tuple[str, ...]], titles: tuple[str, ...]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [titles, tuple("---" for _ in titles), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]
