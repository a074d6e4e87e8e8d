"""A day's counts: topics, topics in outlets, pairs of topics, outlets. Pure; `day` is left to the caller.

Throughout, `story_topics` is what `topics_of_stories` returns, `stories` and `mentions` are rows of those tables, and
`covering` are ids of feeds whose polls cover the whole day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from newswatch.config.catalogue import Catalogue

if TYPE_CHECKING:
    import pandas as pd

Coverage = Mapping[str, str | None]  # by feed id what covers the day: None for polls, else what lists its past
_PLACE = ["story_id", "is_headline", "sentence_start"]  # of a sentence


def topics_of_stories(mentions: pd.DataFrame, cluster_of: Mapping[str, str]) -> pd.DataFrame:
    """A row for each topic of each story: what the tables of topics are counted from. `cluster_of`: by story id."""
    marked = mentions.assign(is_headline=mentions["zone"] == "headline")
    grouped = marked.groupby(["topic", "story_id"], sort=True, as_index=False).agg(
        outlet=("outlet", "first"),
        is_about=("is_about", "first"),
        mention_count=("zone", "size"),
        headline_mention_count=("is_headline", "sum"),
    )
    return grouped.assign(
        cluster_id=grouped["story_id"].map(cluster_of).astype("str"),
        is_in_headline=grouped["headline_mention_count"] > 0,
    )


def _counted(story_topics: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The counts that every table of topics has, by these keys."""
    return story_topics.groupby(keys, sort=True).agg(
        story_count=("story_id", "size"),
        original_count=("cluster_id", "nunique"),
        about_story_count=("is_about", "sum"),
        headline_story_count=("is_in_headline", "sum"),
        mention_count=("mention_count", "sum"),
        headline_mention_count=("headline_mention_count", "sum"),
        outlet_count=("outlet", "nunique"),
    )


def topic_days(
    story_topics: pd.DataFrame, stories: pd.DataFrame, catalogue: Catalogue, covering: Coverage
) -> pd.DataFrame:
    topics = [topic.id for topic in catalogue.topics]
    counts = _counted(story_topics, ["topic"]).reindex(topics).fillna(0).astype("int64")
    frame = counts.rename_axis("topic").reset_index()
    seen = len(stories)
    fetched = int((stories["text_source"] == "page").sum())
    return frame.assign(
        story_share=frame["story_count"] / seen if seen else float("nan"),
        seen_story_count=seen,
        fetched_story_count=fetched,
        failed_story_count=seen - fetched,
        feed_count=len(catalogue.feeds),
        covering_feed_count=sum(feed.id in covering for feed in catalogue.feeds),
        listed_feed_count=sum(covering.get(feed.id) is not None for feed in catalogue.feeds),
        topic_terms_version=[topic.version for topic in catalogue.topics],
        topics_version=catalogue.topics_version,
    )


def topic_outlet_days(story_topics: pd.DataFrame, stories: pd.DataFrame, topics_version: str) -> pd.DataFrame:
    frame = _counted(story_topics, ["topic", "outlet"]).reset_index()
    all_stories = frame["outlet"].map(stories.groupby("outlet").size()).astype("int64")
    return frame.assign(
        outlet_story_count=all_stories, story_share=frame["story_count"] / all_stories, topics_version=topics_version
    )


def topic_pair_days(story_topics: pd.DataFrame, mentions: pd.DataFrame, topics_version: str) -> pd.DataFrame:
    keys = ["topic", "other_topic"]
    stories = _pairs(story_topics[["topic", "story_id", "cluster_id"]], ["story_id", "cluster_id"])
    counts = stories.groupby(keys).agg(story_count=("story_id", "size"), original_count=("cluster_id", "nunique"))
    places = mentions.assign(is_headline=mentions["zone"] == "headline")[["topic", *_PLACE]].drop_duplicates()
    sentences = _pairs(places, _PLACE).groupby(keys).size().rename("sentence_count")
    frame = counts.join(sentences).fillna(0).astype("int64").reset_index()
    return frame.assign(topics_version=topics_version)


def _pairs(rows: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Each two topics of the same thing, once."""
    both = rows.merge(rows.rename(columns={"topic": "other_topic"}), on=on)
    return both[both["topic"] < both["other_topic"]]


def outlet_days(
    story_topics: pd.DataFrame, stories: pd.DataFrame, catalogue: Catalogue, covering: Coverage
) -> pd.DataFrame:
    import pandas as pd

    # An aggregator lists some of what many publish: it is no feed of any of them, and covers none.
    own = [(feed.outlet, feed.id in covering) for feed in catalogue.feeds if not feed.is_by_entry]
    feeds = pd.DataFrame(own, columns=["outlet", "is_covering"]).astype({"is_covering": "bool"})
    of_outlet = feeds.groupby("outlet")["is_covering"]
    is_reprint = (stories["cluster_id"] != stories["story_id"]) & (stories["original_outlet"] != stories["outlet"])
    columns: dict[str, Any] = {
        "story_count": stories.groupby("outlet").size(),
        "original_count": stories.groupby("outlet")["cluster_id"].nunique(),
        "reprint_count": stories[is_reprint].groupby("outlet").size(),
        "topic_story_count": story_topics.groupby("outlet")["story_id"].nunique(),
        "mention_count": story_topics.groupby("outlet")["mention_count"].sum(),
        "feed_only_count": stories[stories["text_source"] == "feed"].groupby("outlet").size(),
        "feed_count": of_outlet.size(),
        "covering_feed_count": of_outlet.sum(),
    }
    frame = pd.DataFrame(columns).fillna(0).astype("int64").rename_axis("outlet").reset_index()
    return frame.assign(topics_version=catalogue.topics_version)
