"""Content of a day's digest, from its tables: per topic the counts, what is unusual, each text once with its proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from newswatch.config.catalogue import Catalogue
from newswatch.digest.charts import ChartDay, days_before
from newswatch.digest.items import DayRows, DigestItem
from newswatch.text.counting import counted

Row = Mapping[str, Any]
Record = Mapping[str, Any]  # what the ledger keeps of an issue: see `Digest.record`
LATE_DAYS = 7  # before the digest's own, of which late additions are listed


@dataclass(frozen=True, slots=True)
class TrendNote:
    """A topic's day compared with what is usual. `state`: of topic_trends, or `open`: the day is not over.

    `span`: the usual numbers of stories, for where there is no room; "" where they are not known.
    """

    state: str
    text: str
    span: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One topic of the day. `counts`: those of topic_days, by column."""

    id: str
    name: str
    counts: Mapping[str, int]
    reading: TrendNote
    chart: tuple[ChartDay, ...]
    lines: tuple[DigestItem, ...]
    elsewhere: tuple[tuple[str, DigestItem], ...]  # texts listed under another topic: its name, and this one's proof
    story_ids: tuple[str, ...]

    @property
    def story_count(self) -> int:
        """Stories of the day with a mention, as in topic_days."""
        return self.counts["story_count"]

    @property
    def original_count(self) -> int:
        """The same, but stories that share a text count once."""
        return self.counts["original_count"]


@dataclass(frozen=True, slots=True)
class Late:
    """Texts of an earlier day that came after its digest was issued."""

    day: date
    lines: tuple[tuple[str, DigestItem], ...]  # with the topic's name


@dataclass(frozen=True, slots=True)
class Correction:
    """What a re-issue changed of a topic; counts are stories."""

    name: str
    before: int | None  # None: the topic was not in the issue before
    now: int | None
    added: tuple[str, ...]  # titles
    removed_count: int


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of one issue, as every format shows it. `day`: in the zone `timezone`."""

    day: date
    number: int
    issued_at: datetime
    timezone: str
    topics_version: str
    counts: Mapping[str, int]
    outlet_count: int
    sections: tuple[Section, ...]
    late: tuple[Late, ...]
    corrections: tuple[Correction, ...]
    replaces: str  # the issue before, in words; empty: this is the first
    pages_url: str  # below which stories and topics have pages; empty: no address is known

    @property
    def title(self) -> str:
        """The issue's title: product and day."""
        return f"Newswatch, {self.day:%A} {self.day.day} {self.day:%B %Y}"

    @property
    def coverage(self) -> str:
        """How far the numbers can be trusted, in a sentence."""
        covering, feeds = self.counts["covering_feed_count"], self.counts["feed_count"]
        if covering == 0:
            return "No feed has been read over the whole day yet: a zero below may be one that nobody looked at."
        return f"{covering} of {feeds} feeds were read over the whole day: a zero below is a real zero for those."

    def record(self) -> dict[str, Any]:
        """What the ledger keeps of the issue, as JSON types, so that the next one can say what it changed."""
        late = {
            str(late.day): [i for _, line in late.lines for i in (line.story_id, *(c.story_id for c in line.copies))]
            for late in self.late
        }
        topics = {s.id: {"name": s.name, "story_ids": list(s.story_ids)} for s in self.sections}
        return {"topics": topics, "late": late}


@dataclass(frozen=True)
class Issue:
    """The input of a digest: the day's tables, and what earlier issues and days bring."""

    day: date
    number: int
    issued_at: datetime
    tables: Mapping[str, Sequence[Row]]  # the day's
    trends: Mapping[date, Sequence[Row]]  # topic_trends of the days of the charts
    catalogue: Catalogue
    tz: ZoneInfo
    late: Mapping[date, tuple[DayRows, frozenset[str]]] = field(default_factory=dict)  # with the late stories' ids
    before: tuple[int, datetime, Record] | None = None  # the issue that this one replaces
    pages_url: str = ""


def compose(issue: Issue) -> Digest:
    """The digest of an issue. Pure: the same issue gives the same digest."""
    names = {topic.id: topic.name for topic in issue.catalogue.topics}
    rows = DayRows.from_rows(issue.day, issue.tables["stories"], issue.tables["mentions"], names)
    home = rows.home_topics()
    counts = {row["topic"]: row for row in issue.tables["topic_days"]}
    trends = {day: {row["topic"]: row for row in of_day} for day, of_day in issue.trends.items()}
    sections = tuple(_section(issue, topic, counts[topic], rows, home, trends) for topic in names)
    first = next(iter(counts.values()))
    return Digest(
        day=issue.day,
        number=issue.number,
        issued_at=issue.issued_at,
        timezone=issue.tz.key,
        topics_version=issue.catalogue.topics_version,
        counts={n: first[n] for n in ("seen_story_count", "failed_story_count", "feed_count", "covering_feed_count")},
        outlet_count=len({row["outlet"] for row in rows.stories.values()}),
        sections=sections,
        late=tuple(filter(None, (_late(day, *of_day, issue.tz) for day, of_day in sorted(issue.late.items())))),
        corrections=_corrections(issue.before[2], sections, rows) if issue.before else (),
        replaces=f"issue {issue.before[0]} of {issue.before[1].astimezone(issue.tz):%Y-%m-%d %H:%M}"
        if issue.before
        else "",
        pages_url=issue.pages_url.rstrip("/"),
    )


def _section(
    issue: Issue,
    topic: str,
    counts: Row,
    rows: DayRows,
    home: Mapping[str, str],
    trends: Mapping[date, Mapping[str, Row]],
) -> Section:
    stories_by_cluster, chart = rows.found[topic], chart_of(topic, issue.day, trends)
    mine = rows.ranked(topic, [cluster for cluster in stories_by_cluster if home[cluster] == topic])
    others = [cluster for cluster in sorted(stories_by_cluster) if home[cluster] != topic]
    return Section(
        id=topic,
        name=rows.names[topic],
        counts={name: value for name, value in counts.items() if name.endswith("_count")},
        reading=reading_of(trends.get(issue.day, {}).get(topic), chart),
        chart=chart,
        lines=tuple(rows.line(topic, cluster, issue.tz) for cluster in mine),
        elsewhere=tuple((rows.names[home[c]], rows.line(topic, c, issue.tz)) for c in others),
        story_ids=tuple(sorted(story_id for stories in stories_by_cluster.values() for story_id in stories)),
    )


def chart_of(topic: str, day: date, trends: Mapping[date, Mapping[str, Row]]) -> tuple[ChartDay, ...]:
    """The days of the topic's chart, the last one the digest's."""
    days = []
    for other in days_before(day):
        row = trends.get(other, {}).get(topic)
        shown = (row["story_count"], row["baseline"], row["spread"], row["state"]) if row else (None,)
        days.append(ChartDay(other, *shown))
    return tuple(days)


def reading_of(trend: Row | None, chart: Sequence[ChartDay], *, is_over: bool = True) -> TrendNote:
    """The row of topic_trends in words, with `usual`, the fewest and the most stories that are usual; None: not known.

    `chart`: the days before, and last the day itself. Of one that is not over yet nobody can have read all, which is no
    outage.
    """
    if trend is None:
        return TrendNote("too_few", "not compared yet")
    span, usual = _usual(trend, chart)
    if trend["state"] == "cannot_tell" and not is_over:
        return TrendNote("open", usual, span)
    if trend["state"] == "cannot_tell":
        missing = trend["missing_share"]
        why = "nobody looked all day" if missing >= 1 else f"outlets that bring {missing:.0%} of it were out"
        return TrendNote("cannot_tell", f"{why}{'; ' if usual else ''}{usual}", span)
    if trend["state"] == "too_few":
        return TrendNote("too_few", "too few weeks to compare with")
    return TrendNote(trend["state"], usual, span)


def _usual(trend: Row, chart: Sequence[ChartDay]) -> tuple[str, str]:
    """What is usual, short and in a sentence; both "" where it is not known. Of what was never seen, nothing is."""
    if not trend["usual"]:
        return "", ""
    before = [d.count for d in chart[:-1] if d.count is not None]
    if before and not any(before) and not trend["baseline"]:
        return "none", f"no story on {counted(len(before), 'day')} before"
    span = "{} to {}".format(*trend["usual"])
    return span, f"{span} is usual on a {chart[-1].day:%A}"


def _late(day: date, rows: DayRows, late_ids: frozenset[str], tz: ZoneInfo) -> Late | None:
    """Lines of clusters that are new with the late stories: another print of a text that was shown is no news."""
    home = rows.home_topics()
    lines = []
    for topic, name in rows.names.items():
        fresh = [c for c, stories in rows.found[topic].items() if home[c] == topic and late_ids.issuperset(stories)]
        lines += [(name, rows.line(topic, cluster, tz)) for cluster in rows.ranked(topic, fresh)]
    return Late(day, tuple(lines)) if lines else None


def _corrections(before: Record, sections: Sequence[Section], rows: DayRows) -> tuple[Correction, ...]:
    """Topics whose stories are other ones now."""
    corrections = []
    now = {section.id: section for section in sections}
    for topic in [*now, *(t for t in before["topics"] if t not in now)]:
        old, new = before["topics"].get(topic), now.get(topic)
        old_ids, new_ids = set(old["story_ids"]) if old else set(), set(new.story_ids) if new else set()
        if old_ids != new_ids or not (old and new):
            titles = (rows.stories[i]["title"] or rows.stories[i]["canonical_url"] for i in sorted(new_ids - old_ids))
            corrections.append(
                Correction(
                    name=new.name if new else old["name"] if old else topic,
                    before=len(old_ids) if old else None,
                    now=len(new_ids) if new else None,
                    added=tuple(titles),
                    removed_count=len(old_ids - new_ids),
                )
            )
    return tuple(corrections)
