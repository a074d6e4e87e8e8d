"""The Broken Buoy's notes: little invented news of a harbour, on no topic, drawn from their host and minute alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from markupsafe import escape

from newsroom.pages import LABEL

OUTLET = "The Broken Buoy"
PREFIX = "/notes/"  # what follows in a note's path is its minute

_THINGS = (
    "green rowing boat", "crate of lamp oil", "spare anchor", "bundle of signal flags", "brass bell",
    "coil of tarred rope", "box of paper charts", "painted figurehead", "basket of mussels", "wooden barometer",
)  # fmt: skip
_PLACES = (
    "Gull Steps", "Lantern Quay", "Bollard Row", "the old chandlery", "the herring market", "Marrow Slip",
    "the tide clock", "Pilot Lane", "the salt store",
)  # fmt: skip
_PEOPLE = (
    "the harbour clerk", "a retired pilot", "the ferry's cook", "a sailmaker", "the lamplighter", "two apprentices",
    "the keeper of the lock",
)  # fmt: skip
_TITLES = (
    "A {thing} turns up at {place}",
    "Who left a {thing} at {place}?",
    "The {thing} of {place} is back",
    "No owner yet for the {thing} at {place}",
)
_FIRST = (
    "At low water this morning {person} came upon a {thing} beside {place}, where nothing had stood the night before.",
    "For the second time in a month a {thing} has been handed in at {place}, this time by {person}, who asked for no "
    "reward.",
    "A {thing} that had been given up for lost was carried to {place} by {person}, to the surprise of those who queued "
    "there for the ferry.",
)
_SECOND = (
    "It was dry, neatly labelled and a little heavier than it looked; {count} people had come to see it by noon.",
    "Nobody could say how it had got there, though {count} people were asked and most of them had a story to tell.",
    "The label names a boat that has not called here for {count} years, and the ink has not run.",
)
_THIRD = (
    "It will be kept behind the counter for {count} days. After that it goes to the fair, between the jam and pears.",
    "The tide tables offer no explanation, and the weather was calm. A jar for suggestions stands on the window sill.",
    "Those who know more are asked to ring the bell twice and to ask for {person}, but not before the tea.",
)


@dataclass(frozen=True, slots=True)
class Note:
    """One note.  ``label`` is its host's, ``minute`` counts from 1970 and is its time of publication."""

    label: str
    minute: int
    title: str
    paragraphs: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"{PREFIX}{self.minute}"

    @property
    def published_at(self) -> datetime:
        return datetime.fromtimestamp(self.minute * 60, UTC)


def note(label: str, minute: int) -> Note:
    """The note of that host and minute: always the same one."""
    digest = sha256(f"{label} {minute}".encode()).digest()
    title, first, second, third = (
        lines[byte % len(lines)] for lines, byte in zip((_TITLES, _FIRST, _SECOND, _THIRD), digest, strict=False)
    )
    facts = {
        "thing": _THINGS[digest[4] % len(_THINGS)],
        "place": _PLACES[digest[5] % len(_PLACES)],
        "person": _PEOPLE[digest[6] % len(_PEOPLE)],
        "count": 3 + digest[7] % 40,
    }
    return Note(label, minute, title.format(**facts), tuple(t.format(**facts) for t in (first, second, third)))


def notes_before(label: str, moment: datetime, step: timedelta, count: int) -> list[Note]:
    """The ``count`` newest notes of a host that publishes one every ``step``, as of ``moment``, newest first."""
    minutes = int(step.total_seconds()) // 60
    last = int(moment.timestamp()) // 60 // minutes
    return [note(label, (last - number) * minutes) for number in range(count)]


def note_at(label: str, path: str, now: datetime) -> Note | None:
    """The note under a path; None where none is, or none yet."""
    minute = path.removeprefix(PREFIX)
    if not (path.startswith(PREFIX) and minute.isdecimal() and minute.isascii()):
        return None
    return note(label, int(minute)) if int(minute) <= now.timestamp() / 60 else None


def note_page(shown: Note, base: str, *, outlet: str = OUTLET, path: str | None = None) -> bytes:
    """The note's page, at ``path`` if that is another than usual.

    It states no date: where the feed's is no good, nothing else makes up for it.
    """
    body = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in shown.paragraphs)
    title = escape(shown.title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<link rel="canonical" href="{base}{path or shown.path}"><meta property="og:title" content="{title}"></head>\n'
        f"<body><article><h1>{title}</h1>\n{body}</article>\n<footer>{outlet}. {LABEL}.</footer></body></html>\n"
    ).encode()
