"""feeds.yaml and topics.yaml: from text to validated models, or to errors that name file, entry and fix."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator

from newswatch.config import advice, feed_access, feed_checks, yaml_mending, yaml_positions
from newswatch.config.feed_access import Auth
from newswatch.errors import ConfigError
from newswatch.feeds.model import FeedKind
from newswatch.net.ip_policy import WEB_PORTS
from newswatch.settings import zone_names
from newswatch.text import charset, language
from newswatch.topics import renames
from newswatch.topics.schema import Place, Problem, Topic

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
M = TypeVar("M", bound=BaseModel)
# The context in which texts are read that were accepted before: checks that came later are for edits, and let polls be.
KNOWN_GOOD = {"is_known_good": True}
BY_ENTRY = "by entry"  # in place of an outlet's name: each entry belongs to one of its own


class Feed(BaseModel):
    """One polled URL of one outlet, or of an aggregator, whose entries belong to many.

    `kind`: what its document must be (None: whichever form of a feed it has); `links`: of a page, the CSS selector of
    its stories' links. `headers` and `auth` are for its own host alone; see `config.feed_access`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    outlet: str = Field(min_length=1, max_length=120)
    url: str
    language: str
    timezone: str | None = None
    allow_private: bool = False
    kind: FeedKind | None = None
    links: str | None = Field(default=None, validate_default=True)
    headers: tuple[tuple[str, str], ...] = ()
    auth: Auth | None = None

    @field_validator("outlet")
    @classmethod
    def _spelt_by_entry(cls, value: str) -> str:
        if value != BY_ENTRY and " ".join(value.casefold().replace("-", " ").replace("_", " ").split()) == BY_ENTRY:
            raise ValueError(f"{value!r} reads like an outlet's name: write `outlet: {BY_ENTRY}`")
        return value

    @field_validator("links")
    @classmethod
    def _selector_of_a_page(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("kind")
        if value is None:
            if kind == "page":
                raise ValueError("is missing: a page lists what a CSS selector finds: add one such as `links: h3 a`")
            return None
        if kind != "page":
            raise ValueError("are for a page alone: add `kind: page`, or remove the line")
        from newswatch.feeds import listing_page  # late: few configurations have a page

        if not listing_page.is_selector(value):
            raise ValueError(
                f"{value!r} is no CSS selector: write one such as `links: h3 a` or `links: main .teaser a`"
            )
        return value

    @field_validator("headers", mode="before")
    @classmethod
    def _agreed_headers(cls, value: Any) -> Any:
        return feed_access.checked_headers(value)

    @field_validator("auth", mode="before")
    @classmethod
    def _secret_from_outside(cls, value: Any) -> Any:
        return feed_access.checked_auth(value)

    @property
    def is_by_entry(self) -> bool:
        """Whether it is an aggregator: each of its entries belongs to an outlet of its own."""
        return self.outlet == BY_ENTRY

    @property
    def publisher(self) -> str:
        """Who publishes it, in words for people."""
        return "many outlets" if self.is_by_entry else self.outlet

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str, info: ValidationInfo) -> str:
        if re.search(r"\s", value) and info.context is not KNOWN_GOOD:
            right = re.sub(r"\s", "%20", value.strip())
            raise ValueError(f"{value!r} has a blank in it: write `url: {right}`")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https"):
            raise ValueError(f"{value!r} is not a web address: write it with http:// or https://")
        try:
            _ = parts.port
        except ValueError as error:
            raise ValueError(f"{value!r} names an impossible port") from error
        if not parts.hostname:
            raise ValueError(f"{value!r} names no host")
        if parts.username or parts.password:
            raise ValueError("a feed's URL must not hold a user name or password")
        return value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str, info: ValidationInfo) -> str:
        if value in language.names() or (info.context is KNOWN_GOOD and re.fullmatch("[a-z]{2,3}", value)):
            return value
        meant = language.meant_by(value)
        way_out = f"write `language: {meant}`" if meant else "write one of ISO 639-1, such as en, ru or uk"
        raise ValueError(f"{value!r} is the code of no language: {way_out}")

    @property
    def ports(self) -> frozenset[int]:
        """Ports on which the feed and its pages are asked for: the web's, and the one that its own URL names."""
        stated = urlsplit(self.url).port
        return WEB_PORTS | ({stated} if stated else set())

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in zone_names():
            raise ValueError(f"{value!r} is no IANA time zone (write it like Europe/Kyiv)")
        return value


class Catalogue(BaseModel):
    """Both lists as they were read, with the exact text that they were read from."""

    model_config = ConfigDict(frozen=True)

    feeds: tuple[Feed, ...]
    topics: tuple[Topic, ...]
    feeds_text: str
    topics_text: str

    @property
    def topics_version(self) -> str:
        """Twelve hex digits that name this content of topics.yaml."""
        return hashlib.sha256(self.topics_text.encode()).hexdigest()[:12]

    @property
    def version(self) -> str:
        """Twelve hex digits that name this content of both files."""
        return hashlib.sha256(f"{self.feeds_text}\0{self.topics_text}".encode()).hexdigest()[:12]

    @property
    def topic_ids(self) -> dict[str, str]:
        """Former id → the id of today, of topics that had another one."""
        return renames.ids_today(self.topics)

    @property
    def outlets(self) -> tuple[str, ...]:
        """Names of the outlets that have feeds of their own."""
        return tuple(sorted({feed.outlet for feed in self.feeds if not feed.is_by_entry}))


def read_text(path: Path) -> str:
    """The file's text. Raises ConfigError where there is none or it is not UTF-8."""
    if path.exists() and not path.is_file():
        raise ConfigError([f"{path}: is no ordinary file. Put the text itself there."])
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file. Set NEWSWATCH_CONFIG_DIR to the folder that holds it."]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([_not_utf8(path, body, error.start)]) from error


def _not_utf8(path: Path, body: bytes, at: int) -> str:
    line = body.count(b"\n", 0, at) + 1
    guess, _ = charset.decoded(body, "")
    lines = guess.split("\n")
    is_shown = len(lines) >= line and not yaml_mending.is_private(lines, line - 1)
    shown = f"; the line seems to say `{lines[line - 1].strip()}`" if is_shown else ""
    return f"{path}:{line}: cannot be read: byte 0x{body[at]:02x} is no UTF-8. Save the file as UTF-8{shown}."


def load_catalogue(config_dir: Path, known_good: tuple[str, str] | None = None) -> Catalogue:
    """Read and check both files in `config_dir`. Raises ConfigError with every problem found in either.

    `known_good`: as in `parse_catalogue`.
    """
    texts: list[str | None] = []
    problems: list[str] = []
    for name in ("feeds.yaml", "topics.yaml"):
        try:
            texts.append(read_text(config_dir / name))
        except ConfigError as error:
            texts.append(None)
            problems += error.problems
    feeds_text, topics_text = texts
    if feeds_text is not None and topics_text is not None:
        return parse_catalogue(feeds_text, topics_text, known_good)
    if feeds_text is not None:
        problems += _read_feeds(feeds_text)[1]
    if topics_text is not None:
        problems += _tried_topics(topics_text)[1]
    raise ConfigError(problems)


def parse_catalogue(feeds_text: str, topics_text: str, known_good: tuple[str, str] | None = None) -> Catalogue:
    """Check the two files' texts; examples of every topic are run. Raises ConfigError.

    `known_good`: texts of both that were accepted before, be it by an earlier version with fewer checks: one that is
    the same is in force, and its topics are not tried out again.
    """
    good_feeds, good_topics = known_good or (None, None)
    feeds, problems = _read_feeds(feeds_text, is_known_good=feeds_text == good_feeds)
    topics, topic_problems = (_read_topics if topics_text == good_topics else _tried_topics)(topics_text)
    problems = [*problems, *topic_problems]
    if problems:
        raise ConfigError(problems)
    return Catalogue(feeds=feeds, topics=topics, feeds_text=feeds_text, topics_text=topics_text)


def parse_topics(topics_text: str, *, is_known_good: bool = False) -> tuple[Topic, ...]:
    """The topics alone, checked as `parse_catalogue` does. Raises ConfigError."""
    topics, problems = (_read_topics if is_known_good else _tried_topics)(topics_text)
    if problems:
        raise ConfigError(problems)
    return topics


Topics = tuple[Topic, ...]


@dataclass(frozen=True)
class _Listed(Generic[M]):
    """The entries of a file that are well formed, each with its position in the file, and what is wrong with the rest.

    `text`: the file's, with the lines corrected that YAML could not read.
    """

    name: str
    text: str
    items: tuple[M, ...] = ()
    positions: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()

    def said(self, problems: Iterable[Problem]) -> list[str]:
        """Problems of the items, whose places count from the first that is well formed, with their lines in order."""
        found = list(problems)
        if not found:
            return []
        lines = yaml_positions.Lines(self.text)

        def line_of(place: Place) -> int:
            items, at, *rest = place
            return lines.line_of((items, self.positions[int(at)], *rest))

        placed = sorted((line_of(problem.place), problem.says(line_of)) for problem in found)
        return [f"{self.name}:{line}: {message}" for line, message in placed]


@lru_cache(maxsize=4)
def _read_feeds(text: str, *, is_known_good: bool = False) -> tuple[tuple[Feed, ...], list[str]]:
    """The feeds, and everything that is wrong with them."""
    read = _listed("feeds.yaml", text, "feeds", Feed, KNOWN_GOOD if is_known_good else None)
    among_them = list(_repeated_ids("feeds", [feed.id for feed in read.items]))
    if not is_known_good:
        among_them += feed_checks.problems_of(read.items)
    return read.items, [*read.problems, *read.said(among_them)]


@lru_cache(maxsize=4)
def _read_topics(text: str) -> tuple[Topics, list[str]]:
    """The topics, and what is wrong with how they are written."""
    read = _listed("topics.yaml", text, "topics", Topic)
    return read.items, [*read.problems, *read.said(_among_topics(read.items))]


def _among_topics(topics: Topics) -> Iterator[Problem]:
    yield from _repeated_ids("topics", [topic.id for topic in topics])
    for i, j, message in renames.problems(topics):
        yield Problem(("topics", i, "formerly", j), f"topic {topics[i].id!r}: {message}")


@lru_cache(maxsize=8)
def _tried_topics(text: str) -> tuple[Topics, list[str]]:
    """As `_read_topics`, and what is found by trying them out: once for the same text, it takes half a second."""
    from newswatch.topics.validation import problems_of  # late: it may load the dictionaries of word forms

    read = _listed("topics.yaml", text, "topics", Topic)
    return read.items, [*read.problems, *read.said([*_among_topics(read.items), *problems_of(read.items)])]


def _listed(name: str, text: str, items: str, model: type[M], context: dict[str, bool] | None = None) -> _Listed[M]:
    """The entries of the list `items`, each for itself: one that is wrong hides nothing of its neighbours."""
    reading = yaml_mending.read(text)
    problems = [f"{name}:{problem}" for problem in reading.problems]
    raw = reading.value
    if not isinstance(raw, dict):
        if reading.is_read:
            problems.append(f"{name}: expected a list under the key {items!r}. {_way_out(items)}")
        return _Listed(name, text, problems=tuple(problems))
    lines = yaml_positions.Lines(reading.text)
    file = advice.ReadFile(name, lines, raw)
    for key in (key for key in raw if key != items):
        what = advice.no_such_key(key, () if items in raw else (items,))
        problems.append(f"{name}:{lines.line_of((key,))}: {key}: {what}")
    entries = raw.get(items)
    if not isinstance(entries, list) or not entries:
        problems.append(f"{name}:{lines.line_of((items,))}: {items}: {_no_list(items, entries)}")
        entries = []
    good: dict[int, M] = {}
    for i, entry in enumerate(entries):
        try:
            good[i] = model.model_validate(entry, context=context)
        except ValidationError as error:
            problems += advice.explained(file, (items, i), model, error)
    return _Listed(name, reading.text, tuple(good.values()), tuple(good), tuple(problems))


def _no_list(items: str, found: Any) -> str:
    return f"{'is no list' if found else 'has no entry; at least 1 is needed'}. {_way_out(items)}"


def _way_out(items: str) -> str:
    return f"Write `{items}:` and below it, one after the other, `  - id: a-name` with the other keys under `id`."


def _repeated_ids(items: str, ids: list[str]) -> Iterator[Problem]:
    for i, id_ in enumerate(ids):
        if id_ in ids[:i]:
            first = (items, ids.index(id_), "id")
            yield Problem((items, i, "id"), f"the id {id_!r} stands there already. Each must be there once.", first)
