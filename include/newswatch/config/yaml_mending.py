"""YAML that cannot be read: the line, the cause, and the line as it should be; then on to the next such line.

A correction is offered only where reading gets further with it, so that no rule here has to know YAML's grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from newswatch.config import yaml_positions

MAX_FAULTS = 20
MAX_CHARS = 300_000  # of a longer text the first fault alone is named: each correction is tried out on all of it
_NOT_REPEATED = "A key or login may stand there: the line is not repeated. Correct it by hand."
_CLOSING = {'"': '"', "'": "'", "[": "]", "{": "}"}
_LEAD = re.compile(r"[ \t]*(?:- +)*")
_KEY_AND_TEXT = re.compile(r"(?P<lead>[ \t]*(?:- +)*(?:[\w-]+: +)?)(?P<text>[^\s\"'].*?)\s*$")
_NO_BLANK = re.compile(r"([ \t]*(?:- +)*[\w-]+):(?=[^\s:/])")
# Where keys and logins of feeds stand (see `feed_access`): what is written there is not repeated.
_PRIVATE = re.compile(r"(?i)[ \t]*(?:- +)?[\"']?(?:headers|auth|bearer|password|secret|token)[\"']?[ \t]*:")
_NEAR = 8  # lines above whose indent may be the right one


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says once each line that YAML cannot read is corrected. `text`: with those corrections, line by line.

    `is_read` is false where no correction was found; `value` is None then. `problems`: "line: cause", in order.
    """

    value: Any
    text: str
    problems: tuple[str, ...]
    is_read: bool = True


def read(text: str) -> Reading:
    """Read a YAML text over as many faults as can be corrected. Never raises."""
    problems: list[str] = []
    while True:
        try:
            return Reading(yaml_positions.load(text), text, tuple(problems))
        except yaml.MarkedYAMLError as error:
            is_worth_it = len(problems) < MAX_FAULTS and len(text) <= MAX_CHARS
            mended = _mended(text, error) if is_worth_it else None
            problems.append(mended[1] if mended else _as_it_is(text, error))
            if mended is None:
                return Reading(None, text, tuple(problems), is_read=False)
            text = mended[0]
        except yaml.YAMLError as error:
            return Reading(None, text, (*problems, f" not YAML: {' '.join(str(error).split())}"), is_read=False)


def quoted(text: str) -> str:
    """The text in quotation marks, as YAML reads it back."""
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def _as_it_is(text: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    if mark and is_private(text.split("\n"), mark.line):
        return f"{mark.line + 1}: column {mark.column + 1}: no YAML. {_NOT_REPEATED}"
    return f"{mark.line + 1}: column {mark.column + 1}: {error.problem}." if mark else f" {error.problem or error}."


def _mended(text: str, error: yaml.MarkedYAMLError) -> tuple[str, str] | None:
    """The text with one line corrected, and what to say of it; None: nothing helps, or YAML's grammar is no matter."""
    reached = _fault_line(text)
    if reached is None:
        return None
    lines = text.split("\n")
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark and mark.line < len(lines)]
    for mark in marks:
        for cause, line in _candidates(lines, mark):
            changed = "\n".join([*lines[: mark.line], line, *lines[mark.line + 1 :]])
            after = _fault_line(changed)
            if line != lines[mark.line] and (after is None or after > reached):
                right = _NOT_REPEATED if is_private(lines, mark.line) else f"Write `{line.rstrip()}`"
                return changed, f"{mark.line + 1}: column {mark.column + 1}: {cause}. {right}"
    return None


def is_private(lines: list[str], number: int) -> bool:
    """Whether the line, or one above it in its entry, begins what may be a secret."""
    for line in reversed(lines[: number + 1]):
        if _PRIVATE.match(line):
            return True
        if line.lstrip().startswith("- "):
            return False
    return False


def _fault_line(text: str) -> int | None:
    """The line, from 0, at which YAML's grammar gives up; None: it reads the text to its end."""
    try:
        yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        return int(error.problem_mark.line) if error.problem_mark else 0
    return None


def _candidates(lines: list[str], mark: yaml.Mark) -> Iterator[tuple[str, str]]:
    """Causes that the line may have, each with the line as it would be right."""
    line = lines[mark.line]
    lead, rest = _split(line)
    if "\t" not in lead:
        if mark.column < len(line) and line[mark.column] in _CLOSING:
            yield f"{line[mark.column]} is never closed", line.rstrip() + _CLOSING[line[mark.column]]
        if found := _KEY_AND_TEXT.fullmatch(line):
            cause = "a text with a colon, or that begins with a sign of YAML's, stands in no quotation marks"
            yield cause, found["lead"] + quoted(found["text"])
        yield "a colon after a key has no blank behind it", _NO_BLANK.sub(r"\1: ", line)
    if not rest:
        return  # the end of the text: what is amiss began before it
    dashes, own = lead.strip(), len(lead) - len(lead.lstrip())
    if "\t" in lead:
        columns, cause = (
            [_column_after(lines[: mark.line], dashes)],
            "a tab in the indent, where YAML takes blanks alone",
        )
    else:
        columns, cause = [], "its indent is none of those above"
    columns += sorted(_columns(lines[: mark.line]), key=lambda column: (abs(column - own), -column))
    for column in columns:
        yield cause, " " * column + (f"{dashes} " if dashes else "") + rest


def _column_after(above: list[str], dashes: str) -> int:
    """The likeliest indent: a step further below a key without a value, else that of the neighbours."""
    told = _told(above)
    if told and told[-1].rstrip().endswith(":"):
        return len(_split(told[-1])[0]) + 2
    leads = [lead for lead, _ in map(_split, reversed(told)) if not dashes or lead.strip()]
    return next((lead.index("-") if dashes else len(lead) for lead in leads), 0)


def _split(line: str) -> tuple[str, str]:
    """The indent with its dashes, and what follows."""
    end = found.end() if (found := _LEAD.match(line)) else 0
    return line[:end], line[end:]


def _columns(above: list[str]) -> set[int]:
    """Where the lines above begin, with their dash and without it; and a step further than the last of them."""
    leads = [_split(line)[0] for line in _told(above)]
    ends = {len(lead) for lead in leads}
    starts = {len(lead) - len(lead.lstrip()) for lead in leads}
    return ends | starts | {max(ends, default=0) + 2}


def _told(above: list[str]) -> list[str]:
    """The last lines that are no comments."""
    return [line for line in above if line.strip() and not line.lstrip().startswith("#")][-_NEAR:]
