"""The schema of topics.yaml: topics, terms, groups, conditions. docs/topics.md explains it with examples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from newswatch.text import sanitise
from newswatch.topics import inflection
from newswatch.topics.mention import Zone
from newswatch.topics.regexes import check_pattern

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Phrases = tuple[Phrase, ...]
Case = Literal["any", "exact", "exact_unless_caps"]
Place = tuple[str | int, ...]  # keys and positions, as pydantic names a value's place
MAX_WORDS = 50
MAX_PATTERN = 600


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place of a file, with the way out. `other`: a second place that has to do with it."""

    place: Place
    message: str
    other: Place | None = None

    def says(self, line_of: Callable[[Place], int]) -> str:
        return self.message if self.other is None else f"{self.message} The other one is in line {line_of(self.other)}."


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _check_within(value: Any) -> Any:
    if value in ("sentence", "paragraph", "story") or (type(value) is int and 1 <= value <= MAX_WORDS):
        return value
    raise ValueError(
        f"{value!r} is no distance: write sentence, paragraph, story, or a number of words from 1 to {MAX_WORDS}"
    )


Within = Annotated[Literal["sentence", "paragraph", "story"] | int, BeforeValidator(_check_within)]


def _check_phrase(phrase: str) -> str:
    if sum(c.isalnum() for c in phrase) < 2:
        raise ValueError(f"{phrase!r} holds fewer than two letters or digits and would match almost anything")
    if "*" in phrase.removesuffix("*"):
        raise ValueError(f"{phrase!r}: a * may only stand at the end")
    return phrase


def _check_language(language: str | None) -> str | None:
    if language is not None and language not in inflection.LANGUAGES:
        languages = ", ".join(sorted(inflection.LANGUAGES))
        raise ValueError(f"{language!r} is no language whose words can be inflected here ({languages})")
    return language


class Around(_Strict):
    """Words beside a match, any of which will do. They never mind accents.

    Of words inside the match only `unless` takes notice: for `near` they would always be there.
    """

    words: Phrases = Field(min_length=1)
    within: Within = "sentence"
    side: Literal["before", "after"] | None = None
    case: Literal["any", "exact"] = "any"
    inflection: str | None = None

    _language = field_validator("inflection")(_check_language)

    @model_validator(mode="after")
    def _has_a_side(self) -> Around:
        if self.side and self.within == "story":
            raise ValueError("a whole story has no side: leave `side` out, or write within: paragraph")
        return self

    @field_validator("words")
    @classmethod
    def _have_words(cls, value: Phrases) -> Phrases:
        return tuple(map(_check_phrase, value))


def _as_list(value: Any) -> Any:
    """One condition, written without the list around it, is a list of one."""
    return [value] if isinstance(value, dict) else value


Conditions = Annotated[tuple[Around, ...], BeforeValidator(_as_list)]


class Term(_Strict):
    """One way to name a topic.

    A match is void inside a phrase of `not_in` ("New START programme"), or with one of the words of an `unless` beside
    it; for each `near` one of its words has to be beside it.
    """

    text: Phrase | None = None
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PATTERN)] | None = None
    name: Phrase | None = None  # of a pattern: what its mentions are called
    variants: Phrases = ()
    case: Case = "any"
    letters: Literal["exact", "alike"] = "exact"
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] | None = None
    inflection: str | None = None
    zones: tuple[Zone, ...] | None = Field(None, min_length=1)
    not_in: Phrases = ()
    unless: Conditions = ()
    near: Conditions = ()

    _language = field_validator("inflection")(_check_language)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """A plain text is a term with nothing but that text."""
        return {"text": value} if isinstance(value, str) else value

    @field_validator("text", "variants", "not_in")
    @classmethod
    def _has_a_word(cls, value: str | Phrases | None) -> str | Phrases | None:
        for phrase in (value,) if isinstance(value, str) else value or ():
            _check_phrase(phrase)
        return value

    @model_validator(mode="after")
    def _is_one_thing(self) -> Term:
        if (self.text is None) == (self.pattern is None):
            raise ValueError("a term has either a text or a pattern")
        if self.text is not None and self.name is not None:
            raise ValueError("a name belongs to a pattern: a text is its own name")
        if self.pattern is not None:
            check_pattern(self.pattern)
            if self.variants or self.inflection or self.letters == "alike":
                raise ValueError("variants, inflection and letters belong to a text: a pattern says them itself")
            if self.case == "exact_unless_caps":
                raise ValueError("a pattern minds capitals or it does not: case is any or exact")
        return self

    @property
    def phrases(self) -> Phrases:
        """The text and its variants; none of a pattern."""
        return (self.text, *self.variants) if self.text else ()

    @property
    def label(self) -> str:
        """What a mention calls the term."""
        return self.text or self.name or self.pattern or ""


class Group(_Strict):
    """Terms that count together over a whole story: AND, OR, NOT.

    The group holds where each of `all`, at least one of `any` (where given) and none of `none` is in the story. Then
    the matches of `any` are its mentions; without `any`, those of `all`.
    """

    any: tuple[TermOrGroup, ...] = ()
    all: tuple[TermOrGroup, ...] = ()
    none: tuple[TermOrGroup, ...] = ()

    @model_validator(mode="after")
    def _finds_something(self) -> Group:
        if not self.any and not self.all:
            raise ValueError("a group needs `any` or `all`: by `none` alone nothing is found")
        return self


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "group" if value.keys() & {"any", "all", "none"} else "term"
    return "group" if isinstance(value, Group) else "term"


TermOrGroup = Annotated[Annotated[Term, Tag("term")] | Annotated[Group, Tag("group")], Discriminator(_kind)]
Group.model_rebuild()


class Examples(_Strict):
    """Texts in which a topic must be found, and such in which it must not."""

    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)


TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Name = Annotated[str, BeforeValidator(lambda value: sanitise.line(value) if isinstance(value, str) else value)]


class Topic(_Strict):
    """A subject that users name. Its examples are its tests: they run whenever the file has changed."""

    id: TopicId
    formerly: tuple[TopicId, ...] = ()  # ids under which tables and digests of before know it
    name: Name = Field(min_length=1, max_length=80)
    description: str = Field(min_length=1, max_length=500)
    terms: tuple[TermOrGroup, ...] = Field(min_length=1)
    examples: Examples

    @property
    def version(self) -> str:
        """Twelve hex digits that name what counts as a mention: the terms, whatever the topic is called."""
        return hashlib.sha256(self.model_dump_json(include={"terms"}).encode()).hexdigest()[:12]

    def leaves(self) -> Iterator[tuple[Place, Term, bool]]:
        """Every term with its place below the topic, and whether it stands alone: outside any group."""
        for i, term in enumerate(self.terms):
            yield from _leaves(term, ("terms", i), is_alone=True)


def _leaves(node: Term | Group, place: Place, *, is_alone: bool) -> Iterator[tuple[Place, Term, bool]]:
    if isinstance(node, Term):
        yield place, node, is_alone
        return
    for part in ("any", "all", "none"):
        for i, member in enumerate(getattr(node, part)):
            yield from _leaves(member, (*place, part, i), is_alone=False)


def declined(topics: Iterable[Topic]) -> set[tuple[str, str]]:
    """Pairs of phrase and language of the topics whose forms are generated (`inflection.forms`), not stemmed."""
    generated: set[tuple[str, str]] = set()
    for topic in topics:
        for _, term, _ in topic.leaves():
            inflected = [
                (term.inflection, term.phrases),
                *((a.inflection, a.words) for a in (*term.unless, *term.near)),
            ]
            generated.update(
                (phrase, language)
                for language, phrases in inflected
                if language and inflection.is_generated(language)
                for phrase in phrases
                if not phrase.endswith("*")
            )
    return generated
