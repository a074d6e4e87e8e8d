"""feeds.yaml and topics.yaml: every mistake is named with its file, its entry and the way to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from newswatch.config import load_catalogue, parse_catalogue
from newswatch.errors import ConfigError
from newswatch.settings import SHIPPED_CONFIG_DIR, load_settings

FEEDS = """\
feeds:
  - id: one
    outlet: The One
    url: https://example.com/rss
    language: en
"""
TOPICS = """\
topics:
  - id: quay
    name: Quay
    description: The quay.
    terms:
      - text: harbour quay
    examples:
      match: [At the harbour quay.]
      no_match: [At the station.]
"""


def problems(feeds: str = FEEDS, topics: str = TOPICS) -> list[str]:
    with pytest.raises(ConfigError) as error:
        parse_catalogue(feeds, topics)
    assert error.value.problems
    return list(error.value.problems)


def test_a_good_pair_of_files_is_accepted() -> None:
    catalogue = parse_catalogue(FEEDS, TOPICS)
    assert [feed.id for feed in catalogue.feeds] == ["one"]
    assert [topic.id for topic in catalogue.topics] == ["quay"]
    assert len(catalogue.topics_version) == len(catalogue.version) == 12
    assert catalogue.topics_version != parse_catalogue(FEEDS, TOPICS + "# more\n").topics_version


def test_the_shipped_files_are_good() -> None:
    catalogue = load_catalogue(SHIPPED_CONFIG_DIR)
    assert len(catalogue.feeds) > 50
    assert {"new-start", "donetsk"} <= {topic.id for topic in catalogue.topics}


BAD_FEEDS = {
    "a wrong key": (FEEDS.replace("language", "langage"), ["'one'", "langage", "Remove it or correct its spelling"]),
    "a missing key": (FEEDS.replace("    language: en\n", ""), ["'one'", "language", "Add it"]),
    "a file address": (FEEDS.replace("https://example.com/rss", "file:///etc/passwd"), ["'one'", "url", "http"]),
    "no host": (FEEDS.replace("example.com", ""), ["'one'", "url", "names no host"]),
    "a password": (FEEDS.replace("example.com", "a:b@example.com"), ["'one'", "url", "password"]),
    "a broken address": (FEEDS.replace("example.com", "[::1"), ["'one'", "url"]),
    "a port that cannot be": (FEEDS.replace("example.com", "example.com:99999"), ["'one'", "url", "port"]),
    "an unknown zone": (FEEDS + "    timezone: Kyiv\n", ["'one'", "timezone", "Kyiv", "Europe/Kyiv"]),
    "a bad id": (FEEDS.replace("id: one", "id: The One"), ["id", "The One", "small letters"]),
    "a number as id": (FEEDS.replace("id: one", "id: 38"), ["id", "string"]),
    "a bad language": (FEEDS.replace("language: en", "language: English"), ["'one'", "language", "English"]),
    "an id twice": (FEEDS + FEEDS.removeprefix("feeds:\n").replace("/rss", "/b"), ["'one'", "stands 2 times"]),
    "an address twice": (
        FEEDS + FEEDS.removeprefix("feeds:\n").replace("id: one", "id: two"),
        ["url", "stands 2 times"],
    ),
    "a key twice": (FEEDS + "    language: ru\n", ["line 6", "'language'", "twice"]),
    "no feeds": ("feeds: []\n", ["feeds", "at least 1"]),
    "an empty file": ("", ["expected a list under the key 'feeds'"]),
    "only a comment": ("# nothing\n", ["expected a list under the key 'feeds'"]),
    "a bare list": ("- id: one\n", ["expected a list under the key 'feeds'"]),
    "not YAML": ("feeds: [\n", ["line"]),
    "a tab": ("feeds:\n\t- id: one\n", ["line 2"]),
    "a control character": ("feeds: \x00", ["not YAML"]),
    "a Python object": ("feeds: !!python/object/apply:os.system [ls]\n", ["line 1"]),
    "a key that is no word": ("? [a, b]\n: 1\n" + FEEDS, ["feeds.yaml"]),
    "an unknown key at the top": (FEEDS + "feds: []\n", ["feds", "Remove it or correct its spelling"]),
    "a word for a list": ("feeds: none\n", ["feeds", "list"]),
    "a list of words": ("feeds: [one]\n", ["number 1"]),
}


@pytest.mark.parametrize("name", BAD_FEEDS)
def test_a_mistake_in_feeds_yaml_is_named(name: str) -> None:
    text, words = BAD_FEEDS[name]
    found = problems(feeds=text)
    assert all(problem.startswith("feeds.yaml") for problem in found)
    assert all(any(word in problem for problem in found) for word in words), found


BAD_TOPICS = {
    "an example that is not found": (
        TOPICS.replace("At the harbour quay.", "At the pier."),
        ["topic 'quay'", "At the pier.", "Add a term or variant"],
    ),
    "an example that must not match": (
        TOPICS.replace("At the station.", "No harbour quay here."),
        ["topic 'quay'", "'harbour quay'", "must not match", "Narrow the term"],
    ),
    "a wrong key of a term": (
        TOPICS.replace("- text: harbour quay", "- txt: harbour quay"),
        ["'quay'", "terms", "txt"],
    ),
    "a star in the middle": (
        TOPICS.replace("text: harbour quay", "text: har*bour quay"),
        ["'quay'", "may only stand at the end"],
    ),
    "a term of one letter": (TOPICS.replace("text: harbour quay", "text: q"), ["'quay'", "fewer than two letters"]),
    "a condition of one letter": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        near: [a]"),
        ["'quay'", "near"],
    ),
    "an unknown case": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        case: loud"),
        ["'quay'", "case", "exact"],
    ),
    "no examples": (TOPICS[: TOPICS.index("    examples")], ["'quay'", "examples", "Add it"]),
    "no terms": (
        TOPICS.replace("      - text: harbour quay\n", "").replace("terms:", "terms: []"),
        ["'quay'", "terms"],
    ),
    "an id twice": (TOPICS + TOPICS.removeprefix("topics:\n"), ["'quay'", "stands 2 times"]),
    "an empty file": ("", ["expected a list under the key 'topics'"]),
    "not YAML": ("topics: {", ["line"]),
}


@pytest.mark.parametrize("name", BAD_TOPICS)
def test_a_mistake_in_topics_yaml_is_named(name: str) -> None:
    text, words = BAD_TOPICS[name]
    found = problems(topics=text)
    assert all(problem.startswith("topics.yaml") for problem in found)
    assert all(any(word in problem for problem in found) for word in words), found


def test_the_mistakes_of_both_files_are_named_at_once() -> None:
    found = problems(feeds=FEEDS.replace("language", "langage"), topics=TOPICS.replace("name", "nam"))
    assert {problem.split(":")[0] for problem in found} == {"feeds.yaml", "topics.yaml"}


def test_a_missing_file_is_named_with_the_setting_that_leads_to_it(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(FEEDS)
    with pytest.raises(ConfigError, match="NEWSWATCH_CONFIG_DIR") as error:
        load_catalogue(tmp_path)
    assert "topics.yaml" in str(error.value)


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_bytes(FEEDS.encode() + "# Київ".encode("windows-1251"))
    (tmp_path / "topics.yaml").write_text(TOPICS)
    with pytest.raises(ConfigError, match=r"feeds\.yaml: cannot be read"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEWSWATCH_TIMEZONE", "Kyiv"),
        ("NEWSWATCH_SHARDS", "0"),
        ("NEWSWATCH_SHARDS", "many"),
        ("NEWSWATCH_DIGEST_HOUR", "24"),
        ("NEWSWATCH_HOST_DELAY_SECONDS", "-1"),
        ("NEWSWATCH_SHARD", "2"),
        ("NEWSWATCH_DATABSE_URL", "postgresql://x"),
    ],
)
def test_a_wrong_or_unknown_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load_settings({name: value})


def test_an_empty_variable_counts_as_unset() -> None:
    assert load_settings({"NEWSWATCH_SHARDS": ""}) == load_settings({})


def test_two_configurations_keep_their_data_apart(tmp_path: Path) -> None:
    one, other = (load_settings({"NEWSWATCH_CONFIG_DIR": str(tmp_path / name)}) for name in ("a", "b"))
    assert one.home != other.home
    assert one.data_url != other.data_url
