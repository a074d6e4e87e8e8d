"""Topics tried out: examples, word forms, words that two topics claim, terms that would match almost anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from newswatch.topics import inflection
from newswatch.topics.folding import fold
from newswatch.topics.matcher import Matcher
from newswatch.topics.phrase_index import Phrase, PhraseIndex
from newswatch.topics.reference_prose import PROSE
from newswatch.topics.regexes import PatternSet
from newswatch.topics.schema import Place, Problem, Term, Topic

# Of the words of ordinary prose: names are not in it at all, "the" is an eighth of ours.
TOO_COMMON = 1 / 40
_WORD = re.compile(r"\w+")
_SIGNS = re.compile(r"[^\w\s\u2010-\u2015-]|_")


def problems_of(topics: Sequence[Topic]) -> list[Problem]:
    """Everything wrong. Where word forms cannot be made nothing else is tried."""
    found = [problem for i, topic in enumerate(topics) for problem in _unknown_words(topic, ("topics", i))]
    if not found:
        found = [*_repeated(topics), *_shared(topics), *_too_common(topics)]
        for i, topic in enumerate(topics):
            found += failed_examples(topic, ("topics", i))
    return found


def _unknown_words(topic: Topic, at: Place) -> Iterator[Problem]:
    for place, term, _ in topic.leaves():
        said = [(place, term.phrases, term.inflection)]
        said += [((*place, "unless", i, "words"), a.words, a.inflection) for i, a in enumerate(term.unless)]
        said += [((*place, "near", i, "words"), a.words, a.inflection) for i, a in enumerate(term.near)]
        for where, phrases, language in said:
            for phrase in phrases:
                if not language or phrase.endswith("*"):
                    continue
                if not inflection.is_generated(language) and _SIGNS.search(phrase):
                    yield Problem(
                        (*at, *where),
                        f"topic {topic.id!r}: {phrase!r} has signs in it, but words that go by stems are of letters, "
                        "digits and hyphens. Leave out inflection for it.",
                    )
                try:
                    inflection.forms(phrase, language)
                except ValueError as error:
                    yield Problem((*at, *where), f"topic {topic.id!r}: {error}.")


def failed_examples(topic: Topic, at: Place = ()) -> Iterator[Problem]:
    """One problem for each example that the topic's own terms get wrong."""
    matcher = Matcher([topic])
    for i, text in enumerate(topic.examples.match):
        if not matcher.find("", text, None):
            yield Problem(
                (*at, "examples", "match", i),
                f"topic {topic.id!r}: no term matches the example {text!r}. Add a term or variant for it, or move it "
                "to no_match.",
            )
    for i, text in enumerate(topic.examples.no_match):
        for mention in matcher.find("", text, None)[:1]:
            yield Problem(
                (*at, "examples", "no_match", i),
                f"topic {topic.id!r}: the term '{mention.term}' matches {mention.surface!r} in {text!r}, which must "
                "not match. Narrow the term with case, not_in, unless or near.",
            )


def _repeated(topics: Sequence[Topic]) -> Iterator[Problem]:
    """Terms that stand twice in one list, to the letter: the second one says nothing."""
    for i, topic in enumerate(topics):
        first: dict[tuple[Place, str], Place] = {}
        for place, term, _ in topic.leaves():
            before = first.setdefault((place[:-1], term.model_dump_json()), place)
            if before != place:
                yield Problem(
                    ("topics", i, *place),
                    f"topic {topic.id!r}: the term '{term.label}' stands there already. Remove one of them.",
                    ("topics", i, *before),
                )


def _shared(topics: Sequence[Topic]) -> Iterator[Problem]:
    """Wordings that two topics claim with nothing to tell them apart."""
    claims: dict[tuple[str, ...], list[tuple[str, str, Place]]] = {}
    for i, topic in enumerate(topics):
        told: set[str] = set()
        for place, term, is_alone in topic.leaves():
            if not is_alone or term.near:
                continue
            for wording, key, exact in _wordings(term):
                others = claims.setdefault(key, [])
                for owner, same, other in others:
                    if owner != topic.id and wording not in told and (not exact or not same or exact == same):
                        told.add(wording)
                        yield Problem(
                            ("topics", i, *place),
                            f"topic {topic.id!r}: '{wording}' belongs to topic {owner!r} already, and a story would "
                            "count for both. Leave it to one of them, or tell them apart with `near`.",
                            other,
                        )
                others.append((topic.id, exact, ("topics", i, *place)))


def _wordings(term: Term) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Each wording of a term, what it has in common with the same wording elsewhere, and its capitals if they count."""
    scope = (term.language or "", ",".join(term.zones or ()))
    for phrase in term.phrases or (term.pattern or "",):
        is_declined = term.inflection and not phrase.endswith("*")
        for spelling in inflection.forms(phrase, term.inflection) if is_declined and term.inflection else (phrase,):
            folded = fold(spelling.replace("-", " "))
            yield spelling, (folded.bare, *scope), "" if term.case == "any" and term.text else folded.plain


def _too_common(topics: Sequence[Topic]) -> Iterator[Problem]:
    """Terms that would match ordinary prose all the time."""
    leaves = [
        (i, topic, place, term) for i, topic in enumerate(topics) for place, term, _ in topic.leaves() if not term.near
    ]
    phrases = (
        Phrase(number, phrase, term.case, term.letters == "alike", term.inflection)
        for number, (_, _, _, term) in enumerate(leaves)
        for phrase in term.phrases
    )
    index = PhraseIndex(phrases, inflection.WordForms())
    numbers = [number for number, leaf in enumerate(leaves) if leaf[3].pattern]
    patterns = PatternSet([(leaves[n][3].pattern or "", leaves[n][3].case == "exact") for n in numbers])
    told: set[int] = set()
    for language, prose in PROSE.items():
        words = len(_WORD.findall(prose))
        for number, share in _shares(prose, words, index, patterns, numbers).items():
            if share < TOO_COMMON or number in told:
                continue
            told.add(number)
            i, topic, place, term = leaves[number]
            yield Problem(
                ("topics", i, *place),
                f"topic {topic.id!r}: the term '{term.label}' would match about one word in {round(1 / share)} of any "
                f"text ({language}). Take a longer wording, or ask for other words with `near`.",
            )


def _shares(
    prose: str, words: int, index: PhraseIndex, patterns: PatternSet, numbers: Sequence[int]
) -> Mapping[int, float]:
    folded = fold(prose)
    counts = Counter(owner for owner, _, _ in index.find(folded, lambda _: False))
    counts.update(numbers[n] for n, _, _ in patterns.find(folded.plain))
    return {number: count / words for number, count in counts.items()}
