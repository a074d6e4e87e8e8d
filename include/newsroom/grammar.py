"""A small grammar of news stories: reads ``texts/<language>/*.txt`` and composes one story from it.

The format, line by line:

``## shared``            slots open to every kind of the language
``## pool NAME``         paragraphs that any kind of theme NAME may borrow
``## kind NAME``         one kind of story; ``section:``, ``theme:``, ``topics:`` and ``traps:`` describe it
``@slot = a / b``        a slot, drawn once a story; ``@slot(nom,gen) = a,b / c,d`` names its forms (``{slot.gen}``)
``! text``, ``= text``   headline and standfirst
``* text``, ``? text``   a paragraph that always stands, or mostly (``?``); ``?+donetsk text`` also mentions a topic
``| text``               another wording of the paragraph above

Inside a text ``[a|b]`` picks one, and ``{slot}`` is filled; ``{weekday}`` is always known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

TEXTS = Path(__file__).parent / "texts"
KEEP_OPTIONAL = 0.65  # chance that a "?" paragraph stands
WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ru": ("в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу", "в воскресенье"),
    "uk": ("у понеділок", "у вівторок", "у середу", "у четвер", "у п'ятницю", "у суботу", "у неділю"),
}

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([a-z.]+)\}")
_SLOT_LINE = re.compile(r"@(?P<name>[a-z]+)(?:\((?P<forms>[a-z,]+)\))?\s*=\s*(?P<options>.+)")
_PARAGRAPH = re.compile(r"(?P<mark>[*?])(?:\+(?P<topic>[a-z-]+))?\s+(?P<text>.+)")

Slots = dict[str, tuple[dict[str, str], ...]]


@dataclass(slots=True)
class Paragraph:
    """One place in a story: its wordings, whether it may be left out, and a topic it mentions by itself."""

    wordings: list[str]
    optional: bool = False
    topic: str | None = None


@dataclass(slots=True)
class Block:
    """One ``##`` block of a text file: a kind of story, a pool of paragraphs, or the shared slots."""

    role: str
    name: str
    facts: dict[str, str] = field(default_factory=dict)
    slots: Slots = field(default_factory=dict)
    headline: str = ""
    standfirst: str = ""
    paragraphs: list[Paragraph] = field(default_factory=list)

    def names(self, key: str) -> frozenset[str]:
        """The comma-separated names under ``key``, e.g. the topics of a kind."""
        return frozenset(part.strip() for part in self.facts.get(key, "").split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class Language:
    """All that is known of one language: kinds by name, pools by theme, and shared slots."""

    code: str
    kinds: dict[str, Block]
    pools: dict[str, Block]
    shared: Slots


@dataclass(frozen=True, slots=True)
class Draft:
    """A composed text, not yet anybody's story."""

    section: str
    headline: str
    standfirst: str
    paragraphs: tuple[str, ...]
    spare_headline: str
    spare_paragraph: str
    topics: frozenset[str]
    traps: frozenset[str]


@cache
def load_language(code: str) -> Language:
    """Read the texts of a language (``en``, ``ru`` or ``uk``).  Raises ValueError at a line it cannot read."""
    blocks = [block for file in sorted((TEXTS / code).glob("*.txt")) for block in _read_blocks(file)]
    shared: Slots = {}
    for block in blocks:
        if block.role == "shared":
            shared.update(block.slots)
    kinds = {block.name: block for block in blocks if block.role == "kind"}
    pools = {block.name: block for block in blocks if block.role == "pool"}
    return Language(code, kinds, pools, shared)


def _read_blocks(file: Path) -> Iterator[Block]:
    block: Block | None = None
    for number, raw in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if line.startswith("## "):
            if block:
                yield block
            role, _, name = line[3:].partition(" ")
            block = Block(role, name)
        elif line and not line.startswith("#") and (block is None or not _read_line(block, line)):
            raise ValueError(f"{file.name}:{number}: cannot read {line[:60]!r}")
    if block:
        yield block


def _read_line(block: Block, line: str) -> bool:
    """Add one line to its block; False if it is of no known form."""
    if line.startswith("! "):
        block.headline = line[2:]
    elif line.startswith("= "):
        block.standfirst = line[2:]
    elif line.startswith("| ") and block.paragraphs:
        block.paragraphs[-1].wordings.append(line[2:])
    elif found := _PARAGRAPH.fullmatch(line):
        block.paragraphs.append(Paragraph([found["text"]], found["mark"] == "?", found["topic"]))
    elif found := _SLOT_LINE.fullmatch(line):
        forms = found["forms"].split(",") if found["forms"] else None
        block.slots[found["name"]] = tuple(_option(text.strip(), forms) for text in found["options"].split(" / "))
    elif ": " in line:
        key, _, value = line.partition(": ")
        block.facts[key] = value
    else:
        return False
    return True


def _option(text: str, forms: list[str] | None) -> dict[str, str]:
    if forms is None:
        return {"": text}
    return dict(zip(forms, (part.strip() for part in text.split(",")), strict=True))


def compose(language: Language, kind_name: str, rng: Random, day: date, barred: frozenset[str] = frozenset()) -> Draft:
    """Compose one text of a kind; paragraphs that would mention a ``barred`` topic are left out."""
    kind = language.kinds[kind_name]
    values = {"weekday": WEEKDAYS[language.code][day.weekday()]}
    for name, options in sorted((language.shared | kind.slots).items()):
        for form, text in rng.choice(options).items():
            values[f"{name}.{form}" if form else name] = text
    topics = set(kind.names("topics"))
    chosen: list[str] = []
    for paragraph in kind.paragraphs:
        if paragraph.topic in barred or (paragraph.optional and rng.random() > KEEP_OPTIONAL):
            continue
        if paragraph.topic:
            topics.add(paragraph.topic)
        chosen.append(_fill(rng.choice(paragraph.wordings), values, rng))
    pool = language.pools[kind.facts["theme"]].paragraphs
    borrowed = [_fill(rng.choice(part.wordings), values, rng) for part in rng.sample(pool, k=rng.randint(3, 4))]
    spare = borrowed.pop()
    for text in borrowed:
        chosen.insert(rng.randint(min(3, len(chosen)), len(chosen)), text)  # never before the story is told
    headlines = rng.sample(_CHOICE.fullmatch(kind.headline)[1].split("|"), k=2)  # type: ignore[index]
    first, second = (_fill(headline, values, rng) for headline in headlines)
    standfirst = _fill(kind.standfirst, values, rng)
    return Draft(
        kind.facts["section"], first, standfirst, tuple(chosen), second, spare, frozenset(topics), kind.names("traps")
    )


def _fill(text: str, values: dict[str, str], rng: Random) -> str:
    """Settle the choices and slots of a text; its first letter, and that of each sentence, becomes a capital."""
    text = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), text)
    text = _SLOT.sub(lambda found: values[found[1]], text)
    text = re.sub(r"(?<=[.!?] )[a-zа-яёіїєґ]", lambda found: found[0].upper(), text)
    return text[0].upper() + text[1:]
