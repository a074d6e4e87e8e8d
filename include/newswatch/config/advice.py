"""What the schema has against an entry, in words that name file, line, entry, cause and way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from newswatch.config.yaml_mending import quoted
from newswatch.config.yaml_positions import Lines
from newswatch.topics.schema import Place


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file of configuration: its name, where each entry stands, and all that it says."""

    name: str
    lines: Lines
    raw: Any


def explained(file: ReadFile, within: Place, model: type[BaseModel], error: ValidationError) -> Iterator[str]:
    """One line for each problem of the entry at `within`, which the model did not take."""
    lines, raw = file.lines, file.raw
    found: list[dict[str, Any]] = [{**problem, "loc": (*within, *problem["loc"])} for problem in error.errors()]
    for problem in found:
        loc = problem["loc"]
        if problem["type"] == "too_short" and any(p["loc"] != loc and p["loc"][: len(loc)] == loc for p in found):
            continue  # the list is empty because all that is in it is wrong
        around = _nodes(raw, loc[:-1])[-1]
        if problem["type"] == "extra_forbidden":
            advice = _no_such_key(problem, around, _keys_at(model, loc[len(within) : -1]))
        else:
            advice = _advice(problem, lines)
        yield f"{file.name}:{lines.line_of(loc)}:{place_in_words(raw, loc)} {advice}"


def no_such_key(key: object, keys: Iterable[str]) -> str:
    """What is said of a key that nothing knows; `keys`: those that could stand in its place."""
    near = get_close_matches(str(key), list(keys), n=1)
    return f"no such key. Did you mean `{near[0]}`?" if near else "no such key. Remove it or correct its spelling."


def place_in_words(raw: Any, place: Place) -> str:
    """Keys and positions on the way to a place, an entry with an id by that."""
    words = ""
    nodes = _nodes(raw, place)
    for step, node, around in zip(place, nodes[1:], nodes, strict=False):
        if _is_tag(step, around):
            continue
        if isinstance(step, int) and isinstance(node, dict) and "id" in node:
            words += f" {node['id']!r}:"
        elif isinstance(step, int):
            words += f" number {step + 1}:"
        else:
            words += f" {step}:"
    return words


def _nodes(raw: Any, place: Place) -> list[Any]:
    """What stands on the way to a place, the whole first; an empty mapping where there is nothing."""
    nodes = [raw]
    for step in place:
        if _is_tag(step, nodes[-1]):
            nodes.append(nodes[-1])
            continue
        try:
            nodes.append(nodes[-1][step])
        except (KeyError, IndexError, TypeError):
            nodes.append({})
    return nodes


def _is_tag(step: str | int, around: Any) -> bool:
    """Whether the step says which of two forms was meant, and is no key."""
    return step in ("term", "group") and (not isinstance(around, dict) or step not in around)


def _no_such_key(problem: Any, around: Any, keys: Iterable[str]) -> str:
    """`around`: what the key stands in; of the keys that are known there, those will do that it does not have yet."""
    key, value = problem["loc"][-1], problem["input"]
    is_text = isinstance(around, dict) and len(around) == 1 and not isinstance(value, dict | list)
    or_text = f" Or, if it is a text with a colon, write `- {quoted(f'{key}: {value}')}`." if is_text else ""
    return no_such_key(key, (name for name in keys if name not in around)) + or_text


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that may stand at a place below the model; where one of several forms may, those of all."""
    forms = [model]
    for step in place:
        fields = [form.model_fields[step] for form in forms if step in form.model_fields]
        if fields:  # else a position in a list, or a tag that says which form was meant
            forms = [form for field in fields for form in _models_in(field.annotation)]
    return [key for form in forms for key in form.model_fields]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models of an annotation, within lists, unions and `Annotated`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _advice(problem: Any, lines: Lines) -> str:
    kind, value, loc = problem["type"], problem["input"], problem["loc"]
    if kind == "missing":
        return "is missing. Add it."
    if kind == "string_type" or (kind == "model_type" and isinstance(value, bool | int | float | date)):
        return _no_text(value, loc, lines.written(loc))
    if kind == "string_too_short":
        return "is empty. Write something there, or remove it."
    if kind == "too_short":
        return "is empty. Put something on the list, or remove it."
    if kind in ("tuple_type", "list_type"):
        if value is None:
            return "is empty. Put something on the list, or remove it."
        right = f"{{words: [{_flow(value)}]}}" if loc[-1] in ("near", "unless") else f"[{_flow(value)}]"
        return f"{value!r} is one thing where a list belongs. Write {_line(loc, right)}."
    if kind == "model_type":
        such = "as in docs/topics.md, such as {words: [treaty]}" if {"near", "unless"} & {*loc} else "with its keys"
        return f"{value!r} is no set of keys. Write it {such}."
    if kind == "string_pattern_mismatch":
        return f"{value!r} does not fit: use small letters, digits and hyphens ({problem['ctx']['pattern']})."
    return f"{str(problem['msg']).removeprefix('Value error, ')}."


def _no_text(value: Any, loc: Sequence[str | int], written: str | None) -> str:
    """Of what YAML reads as something else: a list, a colon within, a number, a date, yes or no."""
    if isinstance(value, list) and value:
        more = (
            f", and the others below it: `variants: [{', '.join(map(_flow, value[1:]))}]`" if loc[-1] == "text" else ""
        )
        return f"takes one text, not a list. Write {_line(loc, _flow(value[0]))}{more}."
    if isinstance(value, dict) and len(value) == 1:
        text = ": ".join(_flow(part) for part in next(iter(value.items())))
        return f"a text with a colon stands in no quotation marks. Write {_line(loc, quoted(text))}."
    as_text = _line(loc, quoted(written)) if written else "it so"
    return f"{value!r} is no text to YAML. Put it in quotation marks: {as_text}."


def _flow(value: Any) -> str:
    return value if isinstance(value, str) else f"{value}"


def _line(loc: Sequence[str | int], text: str) -> str:
    loc = [step for step in loc if step not in ("term", "group")]
    return f"`{loc[-1]}: {text}`" if isinstance(loc[-1], str) else f"`- {text}`"
