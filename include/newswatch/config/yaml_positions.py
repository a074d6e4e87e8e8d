"""YAML whose mistakes can be named by their line."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import yaml


class Loader(yaml.CSafeLoader):
    """SafeLoader (in C, a fifth of the time) that refuses a key written twice: YAML would silently keep the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = key_node.value if key_node.tag.endswith(":merge") else self.construct_object(key_node, deep=True)
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, "<< is not offered: write the keys", key_node.start_mark
                )
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load(text: str) -> Any:
    """What the text says. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=Loader)  # noqa: S506 - a SafeLoader


class Lines:
    """Where in a text that `load` accepts a value stands."""

    def __init__(self, text: str) -> None:
        self._root = yaml.compose(text, Loader=yaml.CSafeLoader)

    def line_of(self, place: Sequence[str | int]) -> int:
        """The line, from 1, of the value at the place, or of the nearest that there is around it."""
        node = self._root
        line = int(node.start_mark.line) if node else 0
        for step in place:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == step), None)
                if found is None:
                    continue  # a tag that the validator put there, or a key that is missing
                here, node = found[0].start_mark.line, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                here = node.start_mark.line
            else:
                continue
            if here < line:
                break  # named by an alias: what counts is where that stands
            line = here
        return int(line) + 1

    def written(self, place: Sequence[str | int]) -> str | None:
        """The single value at the place as it stands there (`no`, not False); None: there is none."""
        node = self._root
        for step in place:
            if isinstance(node, yaml.MappingNode):
                node = next((v for k, v in node.value if k.value == step), node)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
        return str(node.value) if isinstance(node, yaml.ScalarNode) else None
