"""Boilerplate by its wording: lines on a page that are pleas, prompts, credits, labels of boxes, and not the story.

The table is `phrases.toml`, by language and reason; all languages apply to every line, since pages mix them. A phrase
takes out the whole line.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel, field_validator, model_validator

_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_QUOTES = ("“", "«", "„", '"', "‘", "—", "「", "『")
_AFTER_LABEL = r" ?(?:[:：»>|]| [–—-] )"
_SENTENCE = r"(?!.{60,}\w[»”\"]?\.$)"  # a headline to read next has no full stop, a story's sentence has
_CONTACT = re.compile(r"(?:[\w.+-]+@[\w-]+\.[\w.]+|(?:twitter|facebook|instagram|x)\.com/\S+|@\w+)(?:$|[ ,;|/])")
MAX_LABEL_CHARS = 60
MAX_PROMPT_CHARS = 320
MAX_PLEA_CHARS = 700  # a longer line is a story's paragraph, whatever it says


class Phrases(BaseModel):
    """The rows of one language and reason; `phrases.toml` explains them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: tuple[str, ...] = ()
    colon: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @field_validator("labels", "colon", "words", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(" ".join(label.split()) for label in value.split(",")) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_hinted(self) -> Phrases:
        if bool(self.holds) != bool(self.words):
            raise ValueError("`holds` and `words` go together")
        return self


class _Table(RootModel[dict[str, dict[str, Phrases]]]):
    """Language → reason → phrases."""


class PhraseTable:
    """`phrases.toml`, compiled. Lines are asked about in small letters, with straight apostrophes."""

    def __init__(self, table: dict[str, dict[str, Phrases]]) -> None:
        rows = [(reason, phrases) for reasons in table.values() for reason, phrases in reasons.items()]
        self.labels = {_bare(label): reason for reason, p in rows for label in (*p.labels, *p.colon)}
        begins = [(reason, pattern) for reason, p in rows for pattern in p.begins]
        for reason in dict.fromkeys(reason for reason, p in rows if p.colon):
            labels = sorted({re.escape(label) for r, p in rows if r == reason for label in p.colon}, reverse=True)
            no_sentence = _SENTENCE if reason == "related" else ""
            begins.append((reason, rf"[^\w\s]*(?:{'|'.join(labels)}){_AFTER_LABEL}{no_sentence}"))
        self.begins = _PatternUnion(begins)
        self._holds = [
            (p.words, _PatternUnion([(reason, pattern) for pattern in p.holds])) for reason, p in rows if p.holds
        ]

    def held_in(self, line: str) -> str | None:
        """The reason of a `holds` pattern that matches anywhere in the line, tried if one of its words is; or None."""
        called = (pattern for words, pattern in self._holds if any(word in line for word in words))
        return next(filter(None, (pattern.within(line) for pattern in called)), None)


class _PatternUnion:
    """Patterns as one, which gives the reason of the one that matched."""

    def __init__(self, rows: list[tuple[str, str]]) -> None:
        self._reasons = [reason for reason, _ in rows]
        self._any = re.compile("|".join(f"(?:{pattern})" for _, pattern in rows))
        self._which = re.compile("|".join(f"({pattern})" for _, pattern in rows))
        if self._which.groups != len(rows):
            raise ValueError("a pattern of phrases.toml has a group of its own: write (?:…)")

    def at_start(self, line: str) -> str | None:
        return self._reason(self._which.match(line)) if self._any.match(line) else None  # without groups it is faster

    def within(self, line: str) -> str | None:
        return self._reason(self._which.search(line))

    def _reason(self, match: re.Match[str] | None) -> str | None:
        return self._reasons[(match.lastindex or 1) - 1] if match else None


@cache
def _phrase_table() -> PhraseTable:
    with Path(__file__).with_name("phrases.toml").open("rb") as file:
        return PhraseTable(_Table.model_validate(tomllib.load(file)).root)


def _bare(line: str) -> str:
    """The line without digits, punctuation and symbols at its ends."""
    return _ENDS.sub("", line)


def is_speech(line: str) -> bool:
    """Whether the line begins with a quotation mark or a dash: somebody speaks."""
    return line.startswith(_QUOTES)


def reason_by_wording(line: str) -> str | None:
    """The reason to cut the line (`days.dictionary.REASON_DOCS`), or None: it stays."""
    if len(line) > MAX_PLEA_CHARS or is_speech(line):
        return None
    low = line.replace("İ", "i").lower().replace("’", "'")  # the one letter that grows when it becomes small
    table = _phrase_table()
    if len(low) <= MAX_LABEL_CHARS:
        bare = _bare(low)
        if not bare:
            return None if any(c.isdigit() for c in low) else "rule"  # a line of dashes, stars or dots
        if reason := table.labels.get(bare):
            return reason
        if _CONTACT.match(low) and len(low.split()) <= 3:
            return "credit"
    if len(low) <= MAX_PROMPT_CHARS and (reason := table.begins.at_start(low)):
        return reason
    return table.held_in(low)
