"""Page state: the story's text out of the JSON from which a page's script draws it, where the HTML has none.

A front end is sent its data beside an empty page, in `<script type="application/json">` (of Next.js: `__NEXT_DATA__`).
Such data know no standard. So the text is found by its look, as in HTML: strings that are running prose, most of them
in one branch of the tree, beside the page's own headline.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml.html import HtmlElement

from newswatch.pages.html_tree import MIN_PARAGRAPH_CHARS, running_text
from newswatch.pages.model import Claim
from newswatch.text import language, sanitise
from newswatch.text.sanitise import letters_key

MAX_STATE_CHARS = 4_000_000  # of one script
MAX_STRINGS = 50_000
MAX_DEPTH = 60
SHOWN_ENOUGH = 300  # characters of running text on the page: the state is not looked at
BRANCH_SHARE = 0.6  # of the prose: a branch that holds so much is gone into
MIN_WORDS = 8


@dataclass(frozen=True, slots=True)
class _String:
    """A string with its path of keys, places in lists left as numbers; `size`: characters, if it is prose, else 0."""

    path: tuple[str | int, ...]
    text: str
    size: int


def story_text(tree: HtmlElement, claims: Sequence[Claim]) -> Iterator[Claim]:
    """A claim of the story's text by the page's state, a paragraph a line, if the page shows too little of it.

    `tree` must be whole, scripts included; `claims`: the page's, of which a headline must stand in the state.
    """
    scripts = [script for script in tree.iter("script") if (script.get("type") or "").lower() == "application/json"]
    if not scripts or running_text(tree)[tree] >= SHOWN_ENOUGH:
        return
    titles = {letters_key(claim.value) for claim in claims if claim.field == "title"}
    for script in scripts:
        strings = list(_strings(_state(script.text or "")))
        if _has_title(strings, titles) and (lines := _prose(strings)):
            yield Claim("body", "page_state", "\n".join(lines))
            return


def _state(text: str) -> Any:
    """The JSON of one script; None where it holds none."""
    try:
        return json.loads(text, strict=False) if len(text) <= MAX_STATE_CHARS else None
    except (ValueError, RecursionError):
        return None


def _strings(state: Any) -> Iterator[_String]:
    """The strings of the state in its order, at most MAX_STRINGS."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), state)]
    count = 0
    while stack and count < MAX_STRINGS:
        path, node = stack.pop()
        if isinstance(node, str):
            count += 1
            text = sanitise.text(sanitise.plain(node, between_blocks="\n"))
            yield _String(path, text, len(text) if _is_prose(text) else 0)
        elif len(path) < MAX_DEPTH and isinstance(node, dict | list):
            items = list(node.items() if isinstance(node, dict) else enumerate(node))
            stack += [((*path, key), value) for key, value in reversed(items)]


def _is_prose(text: str) -> bool:
    is_worded = len(text.split()) >= MIN_WORDS or bool(language.UNSPACED.search(text))
    return len(text) >= MIN_PARAGRAPH_CHARS and is_worded and text[0] not in "{[<"


def _has_title(strings: Sequence[_String], titles: set[str]) -> bool:
    """Whether the state has the page's headline, be it beside the site's name in a title."""
    keys = (letters_key(string.text) for string in strings)
    return any(key in title and 2 * len(key) > len(title) for key in keys if len(key) > 10 for title in titles)


def _prose(strings: Sequence[_String]) -> list[str]:
    """The lines of the branch with most of the prose: all strings there that stand under the same keys as it.

    Empty where most of it has addresses of its own: these are teasers.
    """
    depth = 0
    while (key := _best_key(strings, depth)) is not None:
        strings = [string for string in strings if string.path[depth : depth + 1] == (key,)]
        depth += 1
    with_address = {string.path[:-1] for string in strings if string.text.startswith(("http:", "https:", "/"))}
    total, of_teasers = (
        sum(string.size for string in strings if is_all or string.path[:-1] in with_address) for is_all in (True, False)
    )
    if 2 * of_teasers > total:
        return []
    keys = {string.path[-1] for string in strings if string.size and isinstance(string.path[-1], str)}
    told = [string for string in strings if isinstance(string.path[-1], int) or string.path[-1] in keys]
    lines = (line.strip() for string in told for line in string.text.split("\n"))
    return list(dict.fromkeys(filter(None, lines)))


def _best_key(strings: Sequence[_String], depth: int) -> str | int | None:
    """The key at this depth under which BRANCH_SHARE of the prose stands; None: it is spread from here on."""
    sizes = Counter[str | int]()
    for string in strings:
        if len(string.path) > depth:
            sizes[string.path[depth]] += string.size
    key, size = max(sizes.items(), key=lambda item: item[1], default=(None, 0))
    return key if size >= BRANCH_SHARE * sum(string.size for string in strings) > 0 else None
