"""feeds.yaml and topics.yaml: from text to validated models, or to errors that name file, entry and fix."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from newswatch.config import yaml_positions
from newswatch.errors import ConfigError
from newswatch.net.ip_policy import WEB_PORTS
from newswatch.topics import renames
from newswatch.topics.schema import Topic

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
M = TypeVar("M", bound=BaseModel)
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class Feed(BaseModel):
    """One polled URL of one outlet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    outlet: str = Field(min_length=1, max_length=120)
    url: str
    language: Language
    timezone: str | None = None
    allow_private: bool = False

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
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

    @property
    def ports(self) -> frozenset[int]:
        """Ports on which the feed and its pages are asked for: the web's, and the one that its own URL names."""
        stated = urlsplit(self.url).port
        return WEB_PORTS | ({stated} if stated else set())

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(f"{value!r} is no IANA time zone (write it like Europe/Kyiv)")
        return value


class _FeedsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    feeds: list[Feed] = Field(min_length=1)


class _TopicsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    topics: list[Topic] = Field(min_length=1)


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
        return tuple(sorted({feed.outlet for feed in self.feeds}))


def read_text(path: Path) -> str:
    """The file's text. Raises ConfigError where there is none or it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file. Set NEWSWATCH_CONFIG_DIR to the folder that holds it."]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error


def load_catalogue(config_dir: Path, known_good: tuple[str, str] | None = None) -> Catalogue:
    """Read and check both files in `config_dir`. Raises ConfigError with every problem found in either.

    `known_good`: texts of both that were accepted before; topics that did not change since are not tried out again.
    """
    texts: list[str] = []
    problems: list[str] = []
    for name in ("feeds.yaml", "topics.yaml"):
        try:
            texts.append(read_text(config_dir / name))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return parse_catalogue(*texts, is_known_good=known_good is not None and texts[1] == known_good[1])


def parse_catalogue(feeds_text: str, topics_text: str, *, is_known_good: bool = False) -> Catalogue:
    """Check the two files' texts; examples of every topic are run. Raises ConfigError.

    `is_known_good`: the topics were accepted before, so that they need not be tried out again.
    """
    feeds, problems = _parse("feeds.yaml", feeds_text, _FeedsFile)
    if feeds:
        problems += _duplicates("feeds.yaml", feeds_text, "feeds", "id", [f.id for f in feeds.feeds])
        problems += _duplicates("feeds.yaml", feeds_text, "feeds", "url", [f.url for f in feeds.feeds])
    topics, topic_problems = (_read_topics if is_known_good else _tried_topics)(topics_text)
    problems = [*problems, *topic_problems]
    if problems or feeds is None:
        raise ConfigError(problems)
    return Catalogue(feeds=tuple(feeds.feeds), topics=topics, feeds_text=feeds_text, topics_text=topics_text)


def parse_topics(topics_text: str, *, is_known_good: bool = False) -> tuple[Topic, ...]:
    """The topics alone, checked as `parse_catalogue` does. Raises ConfigError."""
    topics, problems = (_read_topics if is_known_good else _tried_topics)(topics_text)
    if problems:
        raise ConfigError(problems)
    return topics


Topics = tuple[Topic, ...]


def _read_topics(text: str) -> tuple[Topics, list[str]]:
    """The topics, and what is wrong with how they are written."""
    read, problems = _parse("topics.yaml", text, _TopicsFile)
    if read is None:
        return (), problems
    repeated = _duplicates("topics.yaml", text, "topics", "id", [t.id for t in read.topics])
    return tuple(read.topics), [*repeated, *_wrong_renames(text, read.topics)]


def _wrong_renames(text: str, topics: Sequence[Topic]) -> Iterator[str]:
    for i, j, message in renames.problems(topics):
        line = yaml_positions.Lines(text).line_of(("topics", i, "formerly", j))
        yield f"topics.yaml:{line}: topic {topics[i].id!r}: {message}"


@lru_cache(maxsize=8)
def _tried_topics(text: str) -> tuple[Topics, list[str]]:
    """As `_read_topics`, and what is found by trying them out: once for the same text, it takes half a second."""
    from newswatch.topics.validation import problems_of  # late: it may load the dictionaries of word forms

    topics, problems = _read_topics(text)
    found = problems_of(topics)
    lines = yaml_positions.Lines(text) if found else None
    placed = sorted((lines.line_of(p.place), p.says(lines.line_of)) for p in found if lines)
    return topics, [*problems, *(f"topics.yaml:{line}: {message}" for line, message in placed)]


def _parse(name: str, text: str, model: type[M]) -> tuple[M | None, list[str]]:
    try:
        raw = yaml_positions.load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{mark.line + 1}: column {mark.column + 1}:" if mark else ""
        return None, [f"{name}:{where} {error.problem or error}"]
    except yaml.YAMLError as error:
        return None, [f"{name}: not YAML: {error}"]
    if not isinstance(raw, dict):
        return None, [f"{name}: expected a list under the key {next(iter(model.model_fields))!r}"]
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, list(_explain(name, text, raw, error))


def _explain(name: str, text: str, raw: dict[str, Any], error: ValidationError) -> Iterator[str]:
    lines = yaml_positions.Lines(text)
    places = [problem["loc"] for problem in error.errors()]
    for problem in error.errors():
        if problem["type"] == "too_short" and any(
            p != problem["loc"] and p[: len(problem["loc"])] == problem["loc"] for p in places
        ):
            continue  # the list is empty because all that is in it is wrong
        place = ""
        node: Any = raw
        for step in problem["loc"]:
            if isinstance(step, str) and step in ("term", "group") and isinstance(node, dict) and step not in node:
                continue  # which of the two was meant, and no key
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                node = {}
            if isinstance(step, int) and isinstance(node, dict) and "id" in node:
                place += f" {node['id']!r}:"
            elif isinstance(step, int):
                place += f" number {step + 1}:"
            else:
                place += f" {step}:"
        yield f"{name}:{lines.line_of(problem['loc'])}:{place} {_advice(problem)}"


def _advice(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "no such key. Remove it or correct its spelling."
    if problem["type"] == "missing":
        return "is missing. Add it."
    if problem["type"] == "string_type":
        return f"{problem['input']!r} is no text to YAML. Put it in quotation marks."
    if problem["type"] == "string_too_short":
        return "is empty. Write something there, or remove it."
    if problem["type"] == "model_type":
        return f"{problem['input']!r} is no set of keys. Write it as in docs/topics.md, such as {{words: [treaty]}}."
    if problem["type"] == "string_pattern_mismatch":
        return (
            f"{problem['input']!r} does not fit: use small letters, digits and hyphens ({problem['ctx']['pattern']})."
        )
    return f"{str(problem['msg']).removeprefix('Value error, ')}."


def _duplicates(name: str, text: str, items: str, key: str, values: list[str]) -> list[str]:
    repeated = [i for i, value in enumerate(values) if value in values[:i]]
    lines = yaml_positions.Lines(text) if repeated else None
    return [
        f"{name}:{lines.line_of((items, i, key))}: the {key} {values[i]!r} stands in line "
        f"{lines.line_of((items, values.index(values[i]), key))} too. Each must be there once."
        for i in repeated
        if lines
    ]
