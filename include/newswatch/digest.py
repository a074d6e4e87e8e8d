"""A day's digest from its tables: per topic the count, what changed, and each story once with its proof."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from newswatch.config import Catalogue

Row = Mapping[str, Any]
DAYS_BEFORE = 7


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proving sentence in three parts; `surface` is the match."""

    before: str
    surface: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """One story, shown once."""

    title: str
    url: str
    outlet: str
    language: str
    time: str  # local time of the day, or "" where only the day is known
    evidence: Evidence
    mention_count: int
    also: tuple[str, ...]  # names of the other topics that it mentions
    is_feed_text: bool
    is_about: bool  # about the topic, and not one that names it in passing


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the small chart; `count` None: no table for that day knows the topic."""

    day: date
    count: int | None
    share: float  # of the tallest bar


@dataclass(frozen=True, slots=True)
class Section:
    """One topic of the day."""

    id: str
    name: str
    story_count: int
    about_count: int
    outlet_count: int
    mention_count: int
    change: str
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    elsewhere: tuple[tuple[str, str], ...]  # title and topic name of stories listed under another topic


@dataclass(frozen=True, slots=True)
class Digest:
    """All that both formats show."""

    day: date
    number: int
    timezone: str
    topics_version: str
    story_count: int
    outlet_count: int
    feed_count: int
    covering_feed_count: int
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        return f"Newswatch, {self.day:%A} {self.day.day} {self.day:%B %Y}"

    @property
    def coverage(self) -> str:
        """How far the numbers can be trusted, in a sentence."""
        if self.covering_feed_count == 0:
            return "No feed has been read over the whole day yet: a zero below may be one that nobody looked at."
        return (
            f"{self.covering_feed_count} of {self.feed_count} feeds were read over the whole day: "
            "a zero below is a real zero for those."
        )


def compose(
    day: date,
    number: int,
    tables: Mapping[str, Sequence[Row]],
    before: Mapping[date, Sequence[Row]],
    catalogue: Catalogue,
    zone: ZoneInfo,
) -> Digest:
    """Put the digest together from the day's tables and the `topic_days` of the days before it."""
    stories = {row["story_id"]: row for row in tables["stories"]}
    mentions: dict[str, dict[str, list[Row]]] = {}
    for row in tables["mentions"]:
        mentions.setdefault(row["topic"], {}).setdefault(row["story_id"], []).append(row)
    names = {topic.id: topic.name for topic in catalogue.topics}
    home = _home_topics(mentions, list(names))
    counts = {row["topic"]: row for row in tables["topic_days"]}
    sections = []
    for topic_id, name in names.items():
        found = mentions.get(topic_id, {})
        mine = [s for s in found if home[s] == topic_id]
        mine.sort(key=lambda s: _rank(stories[s], found[s]))
        row = counts[topic_id]
        bars = _bars(topic_id, day, row["story_count"], before)
        sections.append(
            Section(
                id=topic_id,
                name=name,
                story_count=row["story_count"],
                about_count=row["about_story_count"],
                outlet_count=row["outlet_count"],
                mention_count=row["mention_count"],
                change=_change(bars),
                bars=bars,
                lines=tuple(_line(stories[s], found[s], _also(s, topic_id, mentions, names), zone) for s in mine),
                elsewhere=tuple((stories[s]["title"], names[home[s]]) for s in sorted(found) if home[s] != topic_id),
            )
        )
    first = next(iter(tables["topic_days"]))
    return Digest(
        day=day,
        number=number,
        timezone=zone.key,
        topics_version=catalogue.topics_version,
        story_count=len(stories),
        outlet_count=len({row["outlet"] for row in stories.values()}),
        feed_count=first["feed_count"],
        covering_feed_count=first["covering_feed_count"],
        sections=tuple(sections),
    )


def _home_topics(mentions: Mapping[str, Mapping[str, Sequence[Row]]], order: list[str]) -> dict[str, str]:
    """Story → the topic that it is listed under: the one it mentions most, the first of equals in topics.yaml."""
    home: dict[str, str] = {}
    for topic in order:
        for story_id, rows in mentions.get(topic, {}).items():
            held = home.get(story_id)
            if held is None or _weight(rows) > _weight(mentions[held][story_id]):
                home[story_id] = topic
    return home


def _weight(rows: Sequence[Row]) -> tuple[bool, bool, int]:
    return rows[0]["is_about"], any(r["zone"] == "headline" for r in rows), len(rows)


def _rank(story: Row, rows: Sequence[Row]) -> tuple[Any, ...]:
    is_about, in_headline, count = _weight(rows)
    moment: datetime = story["published_at"] or story["first_seen_at"]
    return not is_about, not in_headline, -count, moment, story["story_id"]


def _also(
    story_id: str, topic: str, mentions: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> tuple[str, ...]:
    return tuple(name for other, name in names.items() if other != topic and story_id in mentions.get(other, {}))


def _line(story: Row, rows: Sequence[Row], also: tuple[str, ...], zone: ZoneInfo) -> Line:
    moment = None if story["is_day_only"] else story["published_at"]
    order = {"lede": 0, "body": 1, "headline": 2}  # the headline stands above the sentence already
    proof = min(rows, key=lambda r: (order.get(r["zone"], 1), r["start"]))
    begin = proof["start"] - proof["sentence_start"]
    end = proof["end"] - proof["sentence_start"]
    sentence = proof["sentence"]
    return Line(
        title=story["title"] or story["canonical_url"],
        url=story["canonical_url"],
        outlet=story["outlet"],
        language=story["language"],
        time=f"{moment.astimezone(zone):%H:%M}" if moment else "",
        evidence=Evidence(_flat(sentence[:begin]), _flat(sentence[begin:end]), _flat(sentence[end:])),
        mention_count=len(rows),
        also=also,
        is_feed_text=story["text_source"] == "feed",
        is_about=rows[0]["is_about"],
    )


def _flat(text: str) -> str:
    return text.replace("\n", " ")


def _bars(topic: str, day: date, today: int, before: Mapping[date, Sequence[Row]]) -> tuple[Bar, ...]:
    counts: list[tuple[date, int | None]] = [
        (d, next((row["story_count"] for row in rows if row["topic"] == topic), None))
        for d, rows in sorted(before.items())
    ]
    counts.append((day, today))
    tallest = max([count for _, count in counts if count] or [1])
    return tuple(Bar(d, count, (count or 0) / tallest) for d, count in counts)


def _change(bars: Sequence[Bar]) -> str:
    """Today beside the mean of the days before; days without a table are left out."""
    earlier = [bar.count for bar in bars[:-1] if bar.count is not None]
    today = bars[-1].count or 0
    if not earlier:
        return "no earlier days to compare with"
    mean = sum(earlier) / len(earlier)
    span = f"the {len(earlier)} days before" if len(earlier) > 1 else "the day before"
    if today == mean == 0:
        return f"none in {span}"
    return f"{mean:.1f} a day in {span}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("newswatch"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = markdown
    environment.filters["web"] = web_address
    return environment


def markdown(value: object) -> str:
    """The text with everything that Markdown or HTML in it would act on made inert."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", str(value).replace("\n", " "))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")


def web_address(value: str) -> str:
    """The address if it is http or https, else `#`. What would end a link in Markdown or HTML is encoded."""
    if not value.startswith(("http://", "https://")):
        return "#"
    return re.sub(r"[\s()<>\\`\"]", lambda m: f"%{ord(m[0]):02X}", value)


def to_html(digest: Digest) -> str:
    """One self-contained page, light and dark, without scripts."""
    return _environment().get_template("digest.html.j2").render(digest=digest)


def to_markdown(digest: Digest) -> str:
    return _environment().get_template("digest.md.j2").render(digest=digest)
