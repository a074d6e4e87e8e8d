"""The matcher: every term of every topic in one automaton, then the conditions, then the sentence that proves it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from newswatch.topics.conditions import Condition, Conditions
from newswatch.topics.document import Document, Span
from newswatch.topics.folding import fold
from newswatch.topics.inflection import WordForms
from newswatch.topics.mention import Mention
from newswatch.topics.phrase_index import Phrase, PhraseIndex
from newswatch.topics.regexes import PatternSet
from newswatch.topics.schema import Group, Term, Topic

_HALF = re.compile("[\ud800-\udfff]")
ABOUT_FROM = 3  # mentions in a story that make it be about a topic which is in neither headline nor lede


class _Match(NamedTuple):
    """A place where a term stands; offsets of the folded text."""

    start: int
    end: int
    leaf: int
    document: Document


class _Leaf(NamedTuple):
    """A term as the matcher needs it."""

    topic: str
    name: str
    is_pattern: bool
    language: str | None
    zones: frozenset[str] | None
    not_in: Condition | None
    unless: tuple[Condition, ...]
    near: tuple[Condition, ...]

    @property
    def is_free(self) -> bool:
        """No condition but its own spelling."""
        return not any(self[3:])


@dataclass(frozen=True, slots=True)
class _Node:
    """A group whose members are numbers of leaves, or groups."""

    any: tuple[int | _Node, ...]
    all: tuple[int | _Node, ...]
    none: tuple[int | _Node, ...]


class Matcher:
    """Finds the mentions of all given topics. Build once, use for many stories; it holds no state between them.

    `word_forms`: those that were generated before; others are generated here. Raises ValueError as `inflection.forms`.
    """

    def __init__(self, topics: Sequence[Topic], word_forms: WordForms | None = None) -> None:
        word_forms = word_forms or WordForms()
        self._leaves: list[_Leaf] = []
        self._conditions = Conditions(word_forms)
        phrases: list[Phrase] = []
        patterns: dict[int, tuple[str, bool]] = {}
        nodes = {topic.id: [self._node(topic.id, term, phrases, patterns) for term in topic.terms] for topic in topics}
        self._trees = {id_: roots for id_, roots in nodes.items() if any(isinstance(r, _Node) for r in roots)}
        self._bound = frozenset(n for n, leaf in enumerate(self._leaves) if not leaf.is_free)
        self._conditions.compile()
        self._terms = PhraseIndex(phrases, word_forms)
        self._pattern_leaves = list(patterns)
        self._patterns = PatternSet(list(patterns.values())) if patterns else None

    def _node(
        self, topic: str, node: Term | Group, phrases: list[Phrase], patterns: dict[int, tuple[str, bool]]
    ) -> int | _Node:
        if isinstance(node, Group):
            parts = (node.any, node.all, node.none)
            return _Node(*(tuple(self._node(topic, member, phrases, patterns) for member in part) for part in parts))
        number = len(self._leaves)
        conditions = self._conditions
        self._leaves.append(
            _Leaf(
                topic=topic,
                name=node.label,
                is_pattern=node.pattern is not None,
                language=node.language,
                zones=frozenset(node.zones) if node.zones else None,
                not_in=conditions.longer(node.not_in, is_alike=node.letters == "alike") if node.not_in else None,
                unless=tuple(map(conditions.around, node.unless)),
                near=tuple(map(conditions.around, node.near)),
            )
        )
        is_alike = node.letters == "alike"
        phrases += [Phrase(number, phrase, node.case, is_alike, node.inflection) for phrase in node.phrases]
        if node.pattern:
            patterns[number] = (node.pattern, node.case == "exact")
        return number

    def find(self, title: str, text: str, language: str | None, zones: Sequence[str] | None = None) -> list[Mention]:
        """Mentions in reading order, the headline's first. `language` None or `und`: terms of every language apply.

        `zones`: that of each line of the text; in a line that was cut nothing is looked for. None: the first paragraph
        is the lede. Overlapping matches of one topic are one mention, so that "Donetsk region" is.
        """
        if language == "und":
            language = None
        try:
            return self._find(title, text, language, zones)
        except UnicodeEncodeError:  # halves of characters: they come from JSON alone, and count as one character each
            return self._find(_HALF.sub("\ufffd", title), _HALF.sub("\ufffd", text), language, zones)

    def _find(self, title: str, text: str, language: str | None, zones: Sequence[str] | None) -> list[Mention]:
        of_title = Document(title, fold(title), language, ("headline",) * (title.count("\n") + 1))
        of_text = Document(text, fold(text), language, zones)
        of_title.story = of_text.story = (of_title, of_text)
        in_title = self._matches(of_title) if title else []
        in_text = self._matches(of_text) if text else []
        if self._trees:
            counted = self._counted({m.leaf for m in (*in_title, *in_text)})
            in_title, in_text = ([m for m in part if m.leaf in counted] for part in (in_title, in_text))
        return [self._mention(m) for part in (in_title, in_text) for m in self._joined(part)]

    def _matches(self, document: Document) -> list[_Match]:
        """All places of all terms whose conditions hold, overlapping ones too; none in an address."""
        folded = document.folded
        places = self._terms.find(folded, document.is_caps)
        if self._patterns:
            places += [(self._pattern_leaves[n], s, e) for n, s, e in self._patterns.find(folded.plain)]
        return [
            _Match(start, end, number, document)
            for number, start, end in places
            if not (document.is_outside(start, end) or document.is_in_address(start, end))
            and (number not in self._bound or self._allows(self._leaves[number], document, (start, end)))
        ]

    def _allows(self, leaf: _Leaf, document: Document, match: Span) -> bool:
        if leaf.language and document.language and leaf.language != document.language:
            return False
        if leaf.zones and document.zone(match[0]) not in leaf.zones:
            return False
        conditions = self._conditions
        if leaf.not_in and conditions.holds(document, match, leaf.not_in):
            return False
        if any(conditions.is_beside(document, match, condition) for condition in leaf.unless):
            return False
        return all(conditions.is_near(document, match, condition) for condition in leaf.near)

    def _counted(self, present: set[int]) -> set[int]:
        """Leaves whose matches are mentions: all of topics without groups, else those of groups that hold."""
        counted = {n for n in present if self._leaves[n].topic not in self._trees}
        for roots in self._trees.values():
            counted.update(*(_holding(root, present) or () for root in roots))
        return counted

    def _joined(self, matches: list[_Match]) -> list[_Match]:
        """Of each topic's overlapping matches one, over all that they cover, by the name of the longest.

        "договора СНВ" and "СНВ-III" are one mention, договора СНВ-III. In order of place and topic.
        """
        if len(matches) < 2:
            return matches
        joined: list[_Match] = []
        names: list[_Match] = []  # whose term each of them has
        place_of: dict[str, int] = {}  # of a topic's last one
        for match in sorted(matches, key=lambda m: (m.start, -m.end, self._rank(m))):
            topic = self._leaves[match.leaf].topic
            at = place_of.get(topic)
            if at is None or joined[at].end <= match.start:
                place_of[topic] = len(joined)
                joined.append(match)
                names.append(match)
                continue
            if (names[at].start - names[at].end, self._rank(names[at])) > (match.start - match.end, self._rank(match)):
                names[at] = match
            joined[at] = names[at]._replace(start=joined[at].start, end=max(joined[at].end, match.end))
        return sorted(joined, key=lambda m: (m.start, m.end, self._leaves[m.leaf].topic))

    def _rank(self, match: _Match) -> tuple[str, bool, str]:
        """Of equal matches a wording comes before a pattern, which says less."""
        leaf = self._leaves[match.leaf]
        return leaf.topic, leaf.is_pattern, leaf.name

    def _mention(self, match: _Match) -> Mention:
        leaf, document = self._leaves[match.leaf], match.document
        text = document.text
        zone, first, last, left, right = document.proof(match.start, match.end)
        return Mention(leaf.topic, leaf.name, zone, first, last, text[first:last], text[left:right], left, right)


def _holding(node: int | _Node, present: set[int]) -> set[int] | None:
    """Leaves whose matches are mentions of a node that holds; None: it does not."""
    if isinstance(node, int):
        return {node} if node in present else None
    if any(_holding(member, present) is not None for member in node.none):
        return None
    needed = [_holding(member, present) for member in node.all]
    wanted = [leaves for member in node.any if (leaves := _holding(member, present)) is not None]
    if None in needed or (node.any and not wanted):
        return None
    return set().union(*(wanted if node.any else (leaves for leaves in needed if leaves)))


def about(mentions: Iterable[Mention]) -> frozenset[str]:
    """Topics that a story with these mentions is about: named in its headline or lede, or `ABOUT_FROM` times."""
    mentions = list(mentions)
    counts = Counter(m.topic for m in mentions)
    return frozenset(m.topic for m in mentions if m.zone in ("headline", "lede") or counts[m.topic] >= ABOUT_FROM)
