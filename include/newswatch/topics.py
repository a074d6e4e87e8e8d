"""The topic language: what topics.yaml may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Term(BaseModel):
    """One way to name a topic. A trailing `*` on any phrase also takes longer words that begin so.

    A match is void inside a phrase of `not_in` ("Shakhtar Donetsk"), in a sentence that holds a phrase of `unless`,
    and, where `near` is given, in a sentence that holds none of its phrases. Those three ignore case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Phrase
    variants: tuple[Phrase, ...] = ()
    case: Literal["any", "exact", "exact_unless_caps"] = "any"
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] | None = None
    not_in: tuple[Phrase, ...] = ()
    unless: tuple[Phrase, ...] = ()
    near: tuple[Phrase, ...] = ()

    @field_validator("text", "variants", "not_in", "unless", "near")
    @classmethod
    def _has_a_word(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for phrase in (value,) if isinstance(value, str) else value:
            if sum(c.isalnum() for c in phrase) < 2:
                raise ValueError(f"{phrase!r} holds fewer than two letters or digits and would match almost anything")
            if "*" in phrase.removesuffix("*"):
                raise ValueError(f"{phrase!r}: a * may only stand at the end")
        return value

    @property
    def forms(self) -> tuple[str, ...]:
        return (self.text, *self.variants)


class Examples(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)


class Topic(BaseModel):
    """A subject that users name. Its examples are its tests: they run whenever the file is loaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: str = Field(min_length=1, max_length=80)
    description: str = Field(min_length=1, max_length=500)
    terms: tuple[Term, ...] = Field(min_length=1)
    examples: Examples
