"""Items of a digest: one for each text, however many outlets print it, with the sentence that proves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proving sentence in three parts; `surface` is the match."""

    before: str
    surface: str
    after: str

    @property
    def sentence(self) -> str:
        """The whole sentence, in one line."""
        return self.before + self.surface + self.after


@dataclass(frozen=True, slots=True)
class Copy:
    """One outlet's copy of the text. `time`: as in DigestItem."""

    story_id: str
    outlet: str
    url: str
    time: str


@dataclass(frozen=True, slots=True)
class OtherTopic:
    """Another topic that a text mentions, and the sentence that proves it."""

    name: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One text, shown once: the original's where it is of the day and names the topic, else the earliest that does."""

    story_id: str
    cluster_id: str
    title: str
    url: str
    outlet: str
    language: str
    moment: datetime
    time: str  # local time of the day, or "" where only the day is known
    evidence: Evidence
    mention_count: int
    others: tuple[OtherTopic, ...]  # that it mentions, in the order of topics.yaml
    is_feed_text: bool
    is_about: bool  # about the topic, and not one that names it in passing
    copies: tuple[Copy, ...]  # the other stories of the day that print it, in order of time
    printed: str  # "9 outlets, first Interfax 09:14"; empty where one outlet alone prints it

    @property
    def also(self) -> tuple[str, ...]:
        """Names of the other topics."""
        return tuple(other.name for other in self.others)

    @property
    def further(self) -> tuple[OtherTopic, ...]:
        """The other topics whose proof is another sentence than the one that is shown already."""
        return tuple(other for other in self.others if other.evidence.sentence != self.evidence.sentence)


@dataclass(frozen=True)
class DayRows:
    """A day's stories and mentions, indexed to write items: rows of the tables `stories` and `mentions`."""

    day: date
    stories: Mapping[str, Row]
    found: Mapping[str, Mapping[str, Mapping[str, Sequence[Row]]]]  # topic → cluster → story → mentions
    names: Mapping[str, str]  # topic → its name, in the order of topics.yaml

    @classmethod
    def from_rows(cls, day: date, stories: Sequence[Row], mentions: Sequence[Row], names: Mapping[str, str]) -> DayRows:
        """Index the rows of one day. `names`: of topics, by id; mentions of other topics are left out."""
        by_id = {row["story_id"]: row for row in stories}
        mentions_by_topic: dict[str, dict[str, dict[str, list[Row]]]] = {topic: {} for topic in names}
        for row in mentions:
            if row["topic"] in mentions_by_topic:  # not in the tables of another version
                cluster = by_id[row["story_id"]]["cluster_id"]
                mentions_by_topic[row["topic"]].setdefault(cluster, {}).setdefault(row["story_id"], []).append(row)
        return cls(day, by_id, mentions_by_topic, names)

    def home_topics(self) -> dict[str, str]:
        """Cluster → the topic that it is listed under: the one it mentions most, the first of equals."""
        home: dict[str, str] = {}
        for topic in self.names:
            for cluster, stories in self.found[topic].items():
                held = home.get(cluster)
                if held is None or _weight(stories) > _weight(self.found[held][cluster]):
                    home[cluster] = topic
        return home

    def line(self, topic: str, cluster: str, tz: ZoneInfo) -> DigestItem:
        """The item of a text under a topic that it mentions. `tz`: of the times that it shows."""
        members = self.found[topic][cluster]
        ordered = sorted((self.stories[story_id] for story_id in members), key=_order)
        shown = next((row for row in ordered if row["story_id"] == cluster), ordered[0])
        rows = members[shown["story_id"]]
        return DigestItem(
            story_id=shown["story_id"],
            cluster_id=cluster,
            title=shown["title"] or shown["canonical_url"],
            url=shown["canonical_url"],
            outlet=shown["outlet"],
            language=shown["language"],
            moment=shown["published_at"] or shown["first_seen_at"],
            time=_time(shown, tz),
            evidence=evidence_of(rows),
            mention_count=len(rows),
            others=tuple(self._others(topic, cluster, shown["story_id"])),
            is_feed_text=shown["text_source"] == "feed",
            is_about=any(mentions[0]["is_about"] for mentions in members.values()),
            copies=tuple(
                Copy(row["story_id"], row["outlet"], row["canonical_url"], _time(row, tz))
                for row in ordered
                if row is not shown
            ),
            printed=self._printed(ordered, tz),
        )

    def _others(self, topic: str, cluster: str, story_id: str) -> Iterator[OtherTopic]:
        """The other topics of the text, each proved by the story that is shown, or else by one that names the topic."""
        for other, name in self.names.items():
            members = self.found[other].get(cluster) if other != topic else None
            if members:
                rows = members.get(story_id) or members[min(members, key=lambda id_: _order(self.stories[id_]))]
                yield OtherTopic(name, evidence_of(rows))

    def _printed(self, ordered: Sequence[Row], tz: ZoneInfo) -> str:
        """How many outlets print the text, the original's counted in though it is of another day."""
        first, at = ordered[0]["original_outlet"], ordered[0]["original_at"].astimezone(tz)
        outlets = {row["outlet"] for row in ordered} | {first}
        if len(outlets) == 1:
            return ""
        when = f"{at:%H:%M}" if at.date() == self.day else f"{at.day} {at:%b %H:%M}"
        return f"{len(outlets)} outlets, first {first} {when}"

    def ranked(self, topic: str, clusters: Sequence[str]) -> list[str]:
        """The clusters in order: those about the topic, then with it in the headline, then by number of mentions."""
        return sorted(clusters, key=lambda cluster: self._rank(topic, cluster))

    def _rank(self, topic: str, cluster: str) -> tuple[Any, ...]:
        stories = self.found[topic][cluster]
        is_about, in_headline, count = _weight(stories)
        moment = min(moment_of(self.stories[story_id]) for story_id in stories)
        return not is_about, not in_headline, -count, moment, cluster


def _weight(stories: Mapping[str, Sequence[Row]]) -> tuple[bool, bool, int]:
    return max(
        (rows[0]["is_about"], any(r["zone"] == "headline" for r in rows), len(rows)) for rows in stories.values()
    )


def moment_of(story: Row) -> datetime:
    """When a row of `stories` was published; where the day alone is stated, or nothing, when it was first seen. UTC."""
    is_stated = story["published_at"] and not story["is_day_only"]
    moment: datetime = story["published_at"] if is_stated else story["first_seen_at"]
    return moment


def _order(story: Row) -> tuple[datetime, str]:
    return moment_of(story), story["story_id"]


def _time(story: Row, tz: ZoneInfo) -> str:
    moment = None if story["is_day_only"] else story["published_at"]
    return f"{moment.astimezone(tz):%H:%M}" if moment else ""


def evidence_of(rows: Sequence[Row]) -> Evidence:
    """The sentence that proves most: of the lede, then of the body; the headline stands above it already."""
    order = {"lede": 0, "body": 1, "headline": 2}
    return marked(min(rows, key=lambda r: (order.get(r["zone"], 1), r["start"])))


def marked(mention: Row) -> Evidence:
    """One mention's sentence with the match set apart."""
    begin = mention["start"] - mention["sentence_start"]
    end = mention["end"] - mention["sentence_start"]
    sentence = mention["sentence"]
    return Evidence(_flat(sentence[:begin]), _flat(sentence[begin:end]), _flat(sentence[end:]))


def _flat(text: str) -> str:
    return text.replace("\n", " ")
