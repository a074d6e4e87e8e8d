"""feeds.yaml and topics.yaml: from text to validated models, or to errors that name file, entry and fix."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from newswatch.addresses import WEB_PORTS
from newswatch.errors import ConfigError
from newswatch.tag import failed_examples
from newswatch.topics import Topic

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
    def outlets(self) -> tuple[str, ...]:
        return tuple(sorted({feed.outlet for feed in self.feeds}))


class _Loader(yaml.CSafeLoader):
    """SafeLoader (in C, a fifth of the time) that refuses a key written twice: YAML would silently keep the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_text(path: Path) -> str:
    """The file's text. Raises ConfigError where there is none or it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file. Set NEWSWATCH_CONFIG_DIR to the folder that holds it."]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error


def load_catalogue(config_dir: Path) -> Catalogue:
    """Read and check both files in `config_dir`. Raises ConfigError with every problem found in either."""
    texts: list[str] = []
    problems: list[str] = []
    for name in ("feeds.yaml", "topics.yaml"):
        try:
            texts.append(read_text(config_dir / name))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return parse_catalogue(*texts)


def parse_catalogue(feeds_text: str, topics_text: str) -> Catalogue:
    """Check the two files' texts; examples of every topic are run. Raises ConfigError."""
    feeds, feed_problems = _parse("feeds.yaml", feeds_text, _FeedsFile)
    topics, topic_problems = _parse("topics.yaml", topics_text, _TopicsFile)
    problems = [*feed_problems, *topic_problems]
    if feeds:
        problems += _duplicates("feeds.yaml", "feed", "id", [f.id for f in feeds.feeds])
        problems += _duplicates("feeds.yaml", "feed", "url", [f.url for f in feeds.feeds])
    if topics:
        problems += _duplicates("topics.yaml", "topic", "id", [t.id for t in topics.topics])
        problems += [f"topics.yaml: {line}" for line in failed_examples(topics.topics)]
    if problems or feeds is None or topics is None:
        raise ConfigError(problems)
    return Catalogue(
        feeds=tuple(feeds.feeds), topics=tuple(topics.topics), feeds_text=feeds_text, topics_text=topics_text
    )


def parse_feeds(feeds_text: str) -> tuple[Feed, ...]:
    """The feeds alone, of a text that was accepted before. Raises ConfigError."""
    feeds, problems = _parse("feeds.yaml", feeds_text, _FeedsFile)
    if feeds is None:
        raise ConfigError(problems)
    return tuple(feeds.feeds)


def _parse(name: str, text: str, model: type[M]) -> tuple[M | None, list[str]]:
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        return None, [f"{name}:{where}: {error.problem or error}"]
    except yaml.YAMLError as error:
        return None, [f"{name}: not YAML: {error}"]
    if not isinstance(raw, dict):
        return None, [f"{name}: expected a list under the key {next(iter(model.model_fields))!r}"]
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, list(_explain(name, raw, error))


def _explain(name: str, raw: dict[str, Any], error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        place = ""
        node: Any = raw
        for step in problem["loc"]:
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
        yield f"{name}:{place} {_advice(problem)}"


def _advice(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "no such key. Remove it or correct its spelling."
    if problem["type"] == "missing":
        return "is missing. Add it."
    if problem["type"] == "string_pattern_mismatch":
        return (
            f"{problem['input']!r} does not fit: use small letters, digits and hyphens ({problem['ctx']['pattern']})."
        )
    return f"{str(problem['msg']).removeprefix('Value error, ')}."


def _duplicates(name: str, kind: str, key: str, values: list[str]) -> list[str]:
    return [
        f"{name}: {kind} {key} {value!r} stands {count} times. Each must be there once."
        for value, count in Counter(values).items()
        if count > 1
    ]
