"""Compare: what a change of topics.yaml would gain and lose in the stories that are stored. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from newswatch.config.catalogue import parse_topics
from newswatch.errors import ConfigError
from newswatch.ledger import catalogues, stories
from newswatch.ledger.catalogues import TopicsVersion
from newswatch.pipeline.installation import Newswatch
from newswatch.pipeline.recurring_lines import frozen_lines
from newswatch.pipeline.story_files import of_one_day, read_stories
from newswatch.stories.story import Story
from newswatch.topics import renames
from newswatch.topics.inflection import WordForms
from newswatch.topics.matcher import Matcher
from newswatch.topics.mention import Mention
from newswatch.topics.schema import Topic


@dataclass(frozen=True, slots=True)
class StoryChange:
    """A story that a topic gains or loses, with the first mention that does it."""

    topic: str
    is_gained: bool
    day: date
    story_id: str
    canonical_url: str
    outlet: str
    title: str
    mention: Mention


@dataclass
class Comparison:
    """What the new topics find beside the old ones. Counts are of stories, by topic."""

    new_ids: tuple[str, ...]
    gone_ids: tuple[str, ...]
    changed_ids: tuple[str, ...]
    same_ids: tuple[str, ...]
    story_count: int = 0
    changes: list[StoryChange] = field(default_factory=list)
    kept_counts: dict[str, int] = field(default_factory=dict)
    other_mentions_counts: dict[str, int] = field(default_factory=dict)  # of those kept: found at other places


def versions(nw: Newswatch) -> list[TopicsVersion]:
    """Every version of topics.yaml that was ever in force, the last accepted first."""
    with nw.ledger.begin() as connection:
        return catalogues.topics_versions(connection)


def topics_of_version(nw: Newswatch, version: str) -> tuple[Topic, ...]:
    """The topics as they were. Raises ConfigError where there never was such a version, or it can no more be read."""
    with nw.ledger.begin() as connection:
        text = catalogues.topics_text(connection, version)
    if text is None:
        raise ConfigError([f"No topics version {version!r} was ever in force. `newswatch topics versions` lists them."])
    try:
        return parse_topics(text, is_known_good=True)
    except ConfigError:
        raise ConfigError(
            [f"Topics version {version!r} was written for an older Newswatch, which alone can read it."]
        ) from None


def compare_topics(nw: Newswatch, old: Sequence[Topic], new: Sequence[Topic], wanted: Iterable[date]) -> Comparison:
    """Tag the stored stories of the days with both; topics whose terms are the same are not looked for.

    A topic that has another id now is the same one.
    """
    ids = renames.ids_today(new)
    old = [topic.model_copy(update={"id": ids.get(topic.id, topic.id)}) for topic in old]
    before, after = ({topic.id: topic for topic in topics} for topics in (old, new))
    both = [id_ for id_ in before if id_ in after]
    changed = tuple(id_ for id_ in both if before[id_].terms != after[id_].terms)
    comparison = Comparison(
        new_ids=tuple(id_ for id_ in after if id_ not in before),
        gone_ids=tuple(id_ for id_ in before if id_ not in after),
        changed_ids=changed,
        same_ids=tuple(id_ for id_ in both if id_ not in changed),
    )
    forms = WordForms(nw.word_forms)
    was = Matcher([before[id_] for id_ in (*changed, *comparison.gone_ids)], forms)
    will_be = Matcher([after[id_] for id_ in (*changed, *comparison.new_ids)], forms)
    for day in sorted(set(wanted)):
        with nw.ledger.begin() as connection:
            paths = stories.of_day(connection, day)
        known = frozen_lines(nw, [day], may_learn=False)
        for story in read_stories(nw, of_one_day(day, paths), is_whole=False):
            _compare(comparison, day, known.cut(story, day), was, will_be)
    return comparison


def _compare(comparison: Comparison, day: date, story: Story, was: Matcher, will_be: Matcher) -> None:
    comparison.story_count += 1
    lost, gained = (_by_topic(m, story) for m in (was, will_be))
    for topic in lost.keys() & gained.keys():
        comparison.kept_counts[topic] = comparison.kept_counts.get(topic, 0) + 1
        places = [{(m.zone == "headline", m.start, m.end) for m in found[topic]} for found in (lost, gained)]
        if places[0] != places[1]:
            comparison.other_mentions_counts[topic] = comparison.other_mentions_counts.get(topic, 0) + 1
    for found, others, is_gained in ((lost, gained, False), (gained, lost, True)):
        for topic in sorted(found.keys() - others.keys()):
            comparison.changes.append(
                StoryChange(
                    topic=topic,
                    is_gained=is_gained,
                    day=day,
                    story_id=story.story_id,
                    canonical_url=story.canonical_url,
                    outlet=story.outlet,
                    title=story.title,
                    mention=found[topic][0],
                )
            )


def _by_topic(matcher: Matcher, story: Story) -> dict[str, list[Mention]]:
    found: dict[str, list[Mention]] = {}
    for mention in matcher.find(story.title, story.text, story.language, story.zones):
        found.setdefault(mention.topic, []).append(mention)
    return found
