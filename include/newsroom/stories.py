"""What the newsroom publishes on a day: a pure function of the date.

Everything is drawn from a generator seeded with the SHA-256 of the ISO date, so the same day has the same stories on
any machine.  Patterns recur every ``PERIOD`` days by absolute date, so that any ten weeks hold each at least once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from random import Random

from newsroom.grammar import Draft, Language, compose, load_language
from newsroom.outlets import BY_ID, OUTLETS, Outlet, outlets_in

PERIOD = 56  # days; a phase is day.toordinal() % PERIOD
SPIKE_PHASE, SPIKE_DAYS = 10, 3  # many New START stories, e.g. 2026-11-18 to 2026-11-20
SILENCE_PHASE, SILENCE_DAYS = 53, 6  # no story mentions Donetsk, e.g. 2026-11-05 to 2026-11-10
OUTAGE_PHASE, OUTAGE_DAYS = 45, 4  # one outlet publishes nothing, e.g. 2026-10-28 to 2026-10-31
OUTAGE_OUTLET = "courier"

WIRE = "Northgate Wire"
FEWEST, MOST = 12, 24  # stories a day, reprints counted
WEEKEND = 0.72  # a weekend day's share of a weekday's stories
LATE_STORY_DELAY = timedelta(days=3)

# Chances of what a story is about; the rest is plain news.
OWN_CHANCES = {"arms-": 0.034, "donetsk-": 0.105, "topic": 0.13, "trap-": 0.09}
WIRE_CHANCES = {"arms-": 0.06, "donetsk-": 0.15, "topic": 0.2}
OTHER_TOPIC_KINDS = ("plant", "safeguards", "ctbt", "luhansk-power")
WIRE_LANGUAGES = ("en", "en", "ru", "uk")

BYLINES = {
    "en": ("Edda Marlowe", "Simon Quill", "Rhoda Fenwick", "Jasper Olney", "Mina Tark", "Conrad Besk"),
    "ru": ("Алла Рощина", "Глеб Старцев", "Рита Ольшанская", "Марк Заречный"),
    "uk": ("Леся Криничук", "Орест Доленко", "Ярина Вишняк", "Данило Криж"),
}
_FIGURE = re.compile(r"(?<![\w.,-])\d{2,3}(?![\w.,-])")
_LATIN = dict(zip("абвгдезийклмнопрстуфхыэіґ", "abvgdeziyklmnoprstufhyeig", strict=True)) | {
    "ё": "yo", "ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya", "є": "ie", "ї": "yi",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """One published story.  Times are aware and UTC; ``topics`` and ``traps`` are the ground truth for tests."""

    id: str
    outlet_id: str
    slug: str
    path: str
    language: str
    section: str
    headline: str
    standfirst: str
    paragraphs: tuple[str, ...]
    authors: tuple[str, ...]
    published_at: datetime
    updated_at: datetime | None
    credit: str | None  # the wire service, if the text is its
    origin: str | None  # id of the story of which this is a reprint
    topics: frozenset[str]
    traps: frozenset[str]


def in_phase(day: date, phase: int, days: int) -> bool:
    """Whether the day is one of the ``days`` that begin at ``phase`` of the period."""
    return (day.toordinal() - phase) % PERIOD < days


def is_spike(day: date) -> bool:
    """A day with six to nine stories on New START."""
    return in_phase(day, SPIKE_PHASE, SPIKE_DAYS)


def is_silence(day: date) -> bool:
    """A day on which no story mentions Donetsk, save the football club's name."""
    return in_phase(day, SILENCE_PHASE, SILENCE_DAYS)


def is_outage(day: date, outlet_id: str) -> bool:
    """A day on which this outlet publishes nothing."""
    return outlet_id == OUTAGE_OUTLET and in_phase(day, OUTAGE_PHASE, OUTAGE_DAYS)


@lru_cache(maxsize=512)
def stories_of(day: date) -> tuple[Story, ...]:
    """All stories published on a UTC day, oldest first.  Pure: depends on the date alone."""
    seed = sha256(f"newsroom/{day.isoformat()}".encode()).digest()
    stories = list(_Day(day, Random(int.from_bytes(seed, "big"))).publish())  # noqa: S311 - a play, not a secret
    return tuple(sorted(_with_private(stories, day), key=lambda story: (story.published_at, story.id)))


def stories_between(first: date, last: date) -> Iterator[Story]:
    """The stories of all days from first to last, both included, oldest first."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield from stories_of(date.fromordinal(ordinal))


def as_first_printed(story: Story) -> Story:
    """The story before its update: a figure in its text was another one; without a figure, a paragraph was missing.

    A story that is never updated is printed as it stays.
    """
    if story.updated_at is None:
        return story
    for place in range(len(story.paragraphs) - 1, -1, -1):
        text = story.paragraphs[place]
        for figure in _FIGURE.finditer(text):
            changed = f"{text[: figure.start()]}{int(figure[0]) + 1}{text[figure.end() :]}"
            return replace(story, paragraphs=(*story.paragraphs[:place], changed, *story.paragraphs[place + 1 :]))
    return replace(story, paragraphs=story.paragraphs[:-1])


def in_feed_from(story: Story, *, late_story: bool) -> datetime:
    """When a story enters a feed: at publication, or three days later if it is its outlet's late story of the day."""
    if not late_story:
        return story.published_at
    of_outlet = [other for other in stories_of(story.published_at.date()) if other.outlet_id == story.outlet_id]
    return story.published_at + (LATE_STORY_DELAY if of_outlet[-1] == story else timedelta())


class _Day:
    """One day being planned; it remembers the kinds used, so that no kind comes twice in a language if it can."""

    def __init__(self, day: date, rng: Random) -> None:
        self.day = day
        self.rng = rng
        self.used: set[tuple[str, str]] = set()
        self.number = 0

    def publish(self) -> Iterator[Story]:
        yield from (wire := list(self._wire()))
        slots = self._slots(len(wire))
        forced = self.rng.randint(3, 4) if is_spike(self.day) else 0
        for index, outlet in enumerate(slots):
            kind = self._kind(outlet.language, OWN_CHANCES, force="arms-" if index < forced else None)
            yield self._story(outlet, self._draft(outlet.language, kind), self._minute(19 * 60 + 30))

    def _slots(self, taken: int) -> list[Outlet]:
        """The outlets that publish, once for each story, in random order."""
        weight = WEEKEND if self.day.weekday() >= 5 else 1.0
        slots = [
            outlet
            for outlet in OUTLETS
            if not is_outage(self.day, outlet.id)
            for _ in range(int(outlet.rate * weight + self.rng.random()))
        ]
        self.rng.shuffle(slots)
        while len(slots) + taken < FEWEST:
            slots.append(BY_ID["northgate"])
        return slots[: MOST - taken]

    def _wire(self) -> Iterator[Story]:
        """One wire text and its reprints, three to five outlets in all."""
        language = "en" if is_spike(self.day) else self.rng.choice(WIRE_LANGUAGES)
        outlets = [outlet for outlet in outlets_in(language) if not is_outage(self.day, outlet.id)]
        force = "arms-" if is_spike(self.day) else None
        draft = self._draft(language, self._kind(language, WIRE_CHANCES, force=force, whole=True))
        minute = self._minute(14 * 60)
        first = self._story(outlets[0], draft, minute, credit=WIRE)
        yield first
        copies = self.rng.randint(2, 4)
        for outlet in self.rng.sample(outlets[1:], k=min(copies, len(outlets) - 1)):
            later = minute + self.rng.randint(20, 240)
            yield self._story(outlet, self._edited(draft), later, credit=WIRE, origin=first.id)

    def _edited(self, draft: Draft) -> Draft:
        """A reprint's light edits: perhaps another headline, and a paragraph dropped or added."""
        paragraphs = list(draft.paragraphs)
        place = self.rng.randint(2, len(paragraphs) - 1)
        if self.rng.random() < 0.5 and len(paragraphs) > 5:
            del paragraphs[place]
        else:
            paragraphs.insert(place, draft.spare_paragraph)
        headline = draft.spare_headline if self.rng.random() < 0.7 else draft.headline
        return replace(draft, headline=headline, paragraphs=tuple(paragraphs))

    def _kind(self, code: str, chances: dict[str, float], *, force: str | None = None, whole: bool = False) -> str:
        """Draw a kind of story.  ``whole``: only kinds whose topics do not hang on one paragraph."""
        group = force or self._group(chances)
        kinds = [
            name
            for name, kind in load_language(code).kinds.items()
            if _group_of(name) == group and not (whole and any(part.topic for part in kind.paragraphs))
        ]
        fresh = [name for name in kinds if (code, name) not in self.used] or kinds
        name = self.rng.choice(fresh)
        self.used.add((code, name))
        return name

    def _group(self, chances: dict[str, float]) -> str:
        left = self.rng.random()
        for group, chance in chances.items():
            left -= chance
            if left < 0:
                # A spike has its count already; a silence has none.
                barred = (group == "arms-" and is_spike(self.day)) or (group == "donetsk-" and is_silence(self.day))
                return "plain" if barred else group
        return "plain"

    def _draft(self, code: str, kind: str) -> Draft:
        language: Language = load_language(code)
        return compose(language, kind, self.rng, self.day, frozenset({"donetsk"} if is_silence(self.day) else ()))

    def _minute(self, latest: int) -> int:
        return self.rng.randint(4 * 60, latest)

    def _story(
        self, outlet: Outlet, draft: Draft, minute: int, *, credit: str | None = None, origin: str | None = None
    ) -> Story:
        self.number += 1
        key = sha256(f"{self.day}/{outlet.id}/{self.number}".encode()).hexdigest()[:4]
        slug = slug_of(draft.headline)
        published = datetime.combine(self.day, time(), UTC) + timedelta(minutes=minute, seconds=self.rng.randint(0, 59))
        updated = published + timedelta(minutes=self.rng.randint(30, 150)) if self.rng.random() < 0.2 else None
        ymd = self.day.strftime("%Y%m%d")
        path = outlet.path.format(
            section=draft.section, date=self.day.strftime("%Y/%m/%d"), ymd=ymd, slug=slug, key=key
        )
        authors = tuple(self.rng.sample(BYLINES[outlet.language], k=self.rng.choice((1, 1, 1, 2))))
        return Story(
            id=f"{outlet.id}-{ymd}-{key}",
            outlet_id=outlet.id,
            slug=slug,
            path=path,
            language=outlet.language,
            section=draft.section,
            headline=draft.headline,
            standfirst=draft.standfirst,
            paragraphs=draft.paragraphs,
            authors=authors if credit is None else (),
            published_at=published,
            updated_at=updated,
            credit=credit,
            origin=origin,
            topics=draft.topics,
            traps=draft.traps,
        )


def _group_of(kind: str) -> str:
    if kind in OTHER_TOPIC_KINDS:
        return "topic"
    return next((prefix for prefix in ("arms-", "donetsk-", "trap-") if kind.startswith(prefix)), "plain")


def _with_private(stories: list[Story], day: date) -> Iterator[Story]:
    """Move one plain story of a Monday under /private/, at each outlet that keeps such a place."""
    moved: set[str] = set()
    for story in stories:
        plain = not (story.topics or story.traps or story.credit)
        if day.weekday() == 0 and BY_ID[story.outlet_id].private_mondays and plain and story.outlet_id not in moved:
            moved.add(story.outlet_id)
            yield replace(story, path=f"/private{story.path}")
        else:
            yield story


def slug_of(headline: str) -> str:
    """The first eight words of a headline in plain Latin letters, joined by hyphens."""
    latin = "".join(_LATIN.get(letter, letter) for letter in headline.lower())
    return "-".join(re.findall(r"[a-z0-9]+", latin.replace("'", ""))[:8])
