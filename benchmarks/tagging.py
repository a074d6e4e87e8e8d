"""How fast the tagger is, whole, beside what else finds terms in texts: MB/s, build time, memory, by number of terms.

    python benchmarks/tagging.py [--texts 5000] [--terms 200 2000 20000] [--rounds 3]

Texts are 5 kB each, made up: half in Latin and half in Cyrillic letters, of 20,000 words each that are as unevenly
common as real ones are, with a name in ten words, quotation marks, dashes and accents. A third of the terms are names
that occur, the rest do not; half mind capitals, one in ten does so outside headlines in capitals, one in five has a
condition (`near`, `unless` or `not_in`). Each term is a topic of its own, so that every overlap counts. Newswatch does
all that it does in a run: folding, matching, conditions, longest of a topic, sentence and zone of each mention. The
others get the spellings alone and give offsets: `re` and `regex` as one alternation between word edges, capitals
ignored; spaCy's PhraseMatcher on lower-cased tokens of a blank pipeline; flashtext. Last, the shipped topics on stories
of the make-believe newsroom, of which most mention something.

Every tool runs in a process of its own, in turn, round by round; one that is slow reads fewer texts. Right: the share
of the mentions of 200 texts that a plain search for each term alone finds too, and the other way round.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from itertools import accumulate

TEXT_BYTES = 5000
SLOW_SECONDS = 12.0  # a tool that takes longer for its texts stops there
CHECKED_TEXTS = 200
Found = list[tuple[int, int]]
Spec = dict[str, object]


LATIN, CYRILLIC = "abcdefghiklmnoprstuvwyz", "абвгдежзийклмнопрстуфхцчшщыьюяіїє"
VOWELS = "aeiouyаеиоуыюяіїє"


def _words(draw: random.Random, letters: str, count: int) -> list[str]:
    """Words that can be spoken: vowels and others take turns."""
    vowels = [c for c in letters if c in VOWELS]
    others = [c for c in letters if c not in VOWELS]
    made: dict[str, None] = {}
    while len(made) < count:
        made.setdefault("".join(draw.choice(vowels if i % 2 else others) for i in range(draw.randint(3, 10))))
    return list(made)


@cache
def vocabulary() -> tuple[tuple[list[str], list[str]], ...]:
    """Words and names, Latin and Cyrillic."""
    draw = random.Random(7)
    return tuple(
        (_words(draw, letters, 20_000), [w.capitalize() for w in _words(draw, letters, 20_000)])
        for letters in (LATIN, CYRILLIC)
    )


@cache
def texts(count: int) -> list[str]:
    """The same on every machine."""
    draw = random.Random(11)
    pools = []
    for words, names in vocabulary():
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
        pools.append((words, names, weights))
    return [_text(draw, *pools[number % 2]) for number in range(count)]


def _text(draw: random.Random, words: list[str], names: list[str], weights: list[float]) -> str:
    lines, size = [], 0
    while size < TEXT_BYTES:
        sentences = []
        for _ in range(draw.randint(2, 6)):
            chosen = draw.choices(words, cum_weights=weights, k=draw.randint(6, 24))
            for at in range(len(chosen)):
                if draw.random() < 0.1:
                    chosen[at] = draw.choice(names)
            chosen[0] = chosen[0].capitalize()
            if draw.random() < 0.15:
                chosen[-1] = f"“{chosen[-1]}”"
            if draw.random() < 0.15:
                chosen[len(chosen) // 2] += " –"
            if draw.random() < 0.1:
                chosen[1] += "é"
            sentences.append(" ".join(chosen) + ".")
        lines.append(" ".join(sentences))
        size += len(lines[-1].encode()) + 1
    return "\n".join(lines)


def terms(count: int) -> list[Spec]:
    """Terms with their rules, the same on every machine."""
    draw = random.Random(count)
    wordings: dict[str, None] = {}
    spare = _words(draw, LATIN, 4000) + _words(draw, CYRILLIC, 4000)
    common = [word for words, _ in vocabulary() for word in words[:300]]
    while len(wordings) < count:
        if draw.random() < 1 / 3:
            wordings.setdefault(draw.choice(draw.choice(vocabulary())[1]))
        else:
            wordings.setdefault(" ".join(draw.choice(spare).capitalize() for _ in range(draw.randint(1, 3))))
    specs = []
    for number, wording in enumerate(wordings):
        spec: Spec = {"text": wording, "case": draw.choices(("any", "exact", "exact_unless_caps"), (4, 5, 1))[0]}
        if draw.random() < 0.2:
            kind = draw.choice(("near", "unless", "not_in"))
            words = draw.sample(common, 8)
            spec[kind] = [f"{wording} {words[0]}"] if kind == "not_in" else [{"words": words, "within": "sentence"}]
        specs.append(spec | {"number": number})
    return specs


def newswatch(specs: list[Spec]) -> Callable[[str], Found]:
    from newswatch.topics.matcher import Matcher
    from newswatch.topics.schema import Topic

    examples = {"match": ["x"], "no_match": ["y"]}
    topics = [
        Topic.model_validate(
            {
                "id": f"t{spec['number']}",
                "name": "t",
                "description": "t",
                "terms": [{k: v for k, v in spec.items() if k != "number"}],
                "examples": examples,
            }
        )
        for spec in specs
    ]
    began = time.perf_counter()
    matcher = Matcher(topics)
    newswatch.built = time.perf_counter() - began  # type: ignore[attr-defined]
    return lambda text: [(m.start, m.end) for m in matcher.find("", text, None, zones_of(text))]


def zones_of(text: str) -> list[str]:
    return ["lede"] + ["body"] * text.count("\n")


def _alternation(specs: Iterable[Spec]) -> str:
    words = sorted((str(spec["text"]) for spec in specs), key=len, reverse=True)
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)"


def python_re(specs: list[Spec]) -> Callable[[str], Found]:
    pattern = re.compile(_alternation(specs), re.IGNORECASE)
    return lambda text: [m.span() for m in pattern.finditer(text)]


def regex_module(specs: list[Spec]) -> Callable[[str], Found]:
    import regex

    pattern = regex.compile(_alternation(specs), regex.IGNORECASE)
    return lambda text: [m.span() for m in pattern.finditer(text)]


def spacy_matcher(specs: list[Spec]) -> Callable[[str], Found]:
    import spacy
    from spacy.matcher import PhraseMatcher

    pipeline = spacy.blank("xx")
    matcher = PhraseMatcher(pipeline.vocab, attr="LOWER")
    matcher.add("t", [pipeline.make_doc(str(spec["text"])) for spec in specs])

    def find(text: str) -> Found:
        doc = pipeline.make_doc(text)
        return [(doc[s:e].start_char, doc[s:e].end_char) for _, s, e in matcher(doc)]

    return find


def flashtext(specs: list[Spec]) -> Callable[[str], Found]:
    from flashtext import KeywordProcessor

    processor = KeywordProcessor()
    for spec in specs:
        processor.add_keyword(str(spec["text"]))
    return lambda text: [(s, e) for _, s, e in processor.extract_keywords(text, span_info=True)]


TOOLS = {f.__name__: f for f in (newswatch, python_re, regex_module, spacy_matcher, flashtext)}


def measure(tool: str, text_count: int, term_count: int, sink: multiprocessing.Queue[tuple[float, ...]]) -> None:
    """One tool in this process: build seconds, MB/s, MB of memory that it took, mentions a text."""
    corpus = texts(text_count)
    specs = terms(term_count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    find = TOOLS[tool](specs)
    built = getattr(newswatch, "built", time.perf_counter() - began)
    began, size, read, found = time.perf_counter(), 0, 0, 0
    for text in corpus:
        found += len(find(text))
        size += len(text.encode())
        read += 1
        if time.perf_counter() - began > SLOW_SECONDS:
            break
    seconds = time.perf_counter() - began
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    sink.put((built, size / 1e6 / seconds, memory, found / read))


def in_own_process(tool: str, text_count: int, term_count: int) -> tuple[float, ...]:
    context = multiprocessing.get_context("spawn")
    sink: multiprocessing.Queue[tuple[float, ...]] = context.Queue()
    process = context.Process(target=measure, args=(tool, text_count, term_count, sink))
    process.start()
    result = sink.get()
    process.join()
    return result


def plain_search(spec: Spec, text: str) -> set[tuple[int, int]]:
    """Where a term without conditions stands, found the slow way."""
    wanted = str(spec["text"])
    found = set()
    for match in re.finditer(rf"(?<!\w)(?={re.escape(wanted)}(?!\w))".replace(r"\ ", "[ \n-]"), text, re.IGNORECASE):
        start, end = match.start(), match.start() + len(wanted)
        line = text[text.rfind("\n", 0, start) + 1 : (text + "\n").find("\n", end)]
        is_same = text[start:end].replace("\n", " ").replace("-", " ") == wanted
        if spec["case"] == "any" or is_same or (spec["case"] == "exact_unless_caps" and line.isupper()):
            found.add((start, end))
    return found


def check(term_count: int, text_count: int) -> tuple[int, int, int]:
    """Mentions that both find, that the tagger alone finds, that the plain search alone finds."""
    corpus = texts(text_count)
    free = [s for s in terms(term_count) if not s.keys() & {"near", "unless", "not_in"}]
    find = newswatch(free)
    both = extra = missed = 0
    for text in corpus[:CHECKED_TEXTS]:
        low = text.lower()
        given = sorted(find(text))
        wanted = sorted(
            span for spec in free if str(spec["text"]).split(" ")[0].lower() in low for span in plain_search(spec, text)
        )
        both += len(set(given) & set(wanted))
        extra += len(set(given) - set(wanted))
        missed += len(set(wanted) - set(given))
    return both, extra, missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=5000)
    parser.add_argument("--terms", type=int, nargs="+", default=[200, 2000, 20000])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for term_count in given.terms:
        rows: dict[str, list[tuple[float, ...]]] = {tool: [] for tool in TOOLS}
        for _ in range(given.rounds):
            for tool in TOOLS:
                rows[tool].append(in_own_process(tool, given.texts, term_count))
        print(f"\n{term_count} terms\n{'':14}{'MB/s':>9}{'times re':>10}{'build s':>9}{'MB':>7}{'found a text':>14}")
        for tool, results in rows.items():
            built, speed, memory, found = (statistics.median(column) for column in zip(*results, strict=True))
            ratios = [mine[1] / other[1] for mine, other in zip(results, rows["python_re"], strict=True)]
            ratio = statistics.median(ratios)
            print(f"{tool:14}{speed:9.2f}{ratio:10.1f}{built:9.3f}{memory:7.0f}{found:14.1f}", flush=True)
        both, extra, missed = check(term_count, given.texts)
        print(
            f"offsets: {both} as a plain search finds them, {extra} others, {missed} missed, in {CHECKED_TEXTS} texts"
        )
    print(f"\nthe shipped topics on the newsroom's stories: {shipped():.1f} MB/s")


def shipped() -> float:
    """MB/s of the best of three passes over some weeks of stories."""
    from newsroom.stories import stories_between
    from newswatch.config.catalogue import load_catalogue
    from newswatch.settings import SHIPPED_CONFIG_DIR
    from newswatch.topics.matcher import Matcher

    matcher = Matcher(load_catalogue(SHIPPED_CONFIG_DIR).topics)
    stories = list(stories_between(date(2026, 9, 14), date(2026, 11, 22)))
    read = [(s.headline, "\n".join((s.standfirst, *s.paragraphs)), s.language) for s in stories]
    size = sum(len(title.encode()) + len(text.encode()) for title, text, _ in read) / 1e6
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        for title, text, language in read:
            matcher.find(title, text, language, zones_of(text))
        seconds.append(time.perf_counter() - began)
    return size / min(seconds)


if __name__ == "__main__":
    main()
