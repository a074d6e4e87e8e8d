"""feeds.yaml and topics.yaml: every mistake is named with its file, its entry and the way to mend it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from newswatch.config.catalogue import load_catalogue, parse_catalogue, parse_topics
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
    "links without a page": (FEEDS + "    links: h3 a\n", ["feeds.yaml:6", "'one'", "links", "`kind: page`"]),
    "a page without links": (FEEDS + "    kind: page\n", ["'one'", "links", "`links: h3 a`"]),
    "no selector": (FEEDS + "    kind: page\n    links: a[\n", ["feeds.yaml:7", "'a['", "no CSS selector"]),
    "an unknown kind": (FEEDS + "    kind: pages\n", ["feeds.yaml:6", "kind", "'page'"]),
    "an outlet that is none": (FEEDS.replace("The One", "By entry"), ["feeds.yaml:3", "`outlet: by entry`"]),
    "a wrong key": (FEEDS.replace("language", "langage"), ["'one'", "langage", "Did you mean `language`?"]),
    "a missing key": (FEEDS.replace("    language: en\n", ""), ["'one'", "language", "Add it"]),
    "a file address": (FEEDS.replace("https://example.com/rss", "file:///etc/passwd"), ["'one'", "url", "http"]),
    "no host": (FEEDS.replace("example.com", ""), ["'one'", "url", "names no host"]),
    "a password": (FEEDS.replace("example.com", "a:b@example.com"), ["'one'", "url", "password"]),
    "a broken address": (FEEDS.replace("example.com", "[::1"), ["'one'", "url"]),
    "a port that cannot be": (FEEDS.replace("example.com", "example.com:99999"), ["'one'", "url", "port"]),
    "an unknown zone": (FEEDS + "    timezone: Kyiv\n", ["'one'", "timezone", "Kyiv", "Europe/Kyiv"]),
    "a bad id": (FEEDS.replace("id: one", "id: The One"), ["id", "The One", "small letters"]),
    "a number as id": (FEEDS.replace("id: one", "id: 38"), ["id", "38", "quotation marks"]),
    "a bad language": (FEEDS.replace("language: en", "language: English"), ["'one'", "language", "English"]),
    "an id twice": (
        FEEDS + FEEDS.removeprefix("feeds:\n").replace("/rss", "/b"),
        ["feeds.yaml:6:", "'one'", "in line 2"],
    ),
    "an address twice": (
        FEEDS + FEEDS.removeprefix("feeds:\n").replace("id: one", "id: two"),
        ["feeds.yaml:8:", "url", "in line 4"],
    ),
    "a key twice": (FEEDS + "    language: ru\n", ["feeds.yaml:6:", "'language'", "twice"]),
    "no feeds": ("feeds: []\n", ["feeds.yaml:1: feeds: has no entry", "at least 1", "Write `feeds:`"]),
    "an empty file": ("", ["expected a list under the key 'feeds'"]),
    "only a comment": ("# nothing\n", ["expected a list under the key 'feeds'"]),
    "a bare list": ("- id: one\n", ["expected a list under the key 'feeds'"]),
    "a list that is not closed": (
        FEEDS.replace("The One", "[One"),
        ["feeds.yaml:3:", "[ is never closed. Write `    outlet: [One]`"],
    ),
    "not YAML": ("feeds: [\n", ["feeds.yaml:2: column 1:"]),
    "a tab": (FEEDS.replace("    url", "\turl"), ["feeds.yaml:4:", "a tab in the indent", "Write `    url: https://"]),
    "a tab before a dash": ("feeds:\n\t- id: one\n", ["feeds.yaml:2:", "a tab", "Write `  - id: one`"]),
    "an indent too deep": (
        FEEDS.replace("    url", "      url"),
        ["feeds.yaml:4:", "indent", "Write `    url: https://"],
    ),
    "an indent too small": (
        FEEDS.replace("    url", "   url"),
        ["feeds.yaml:4:", "indent", "Write `    url: https://"],
    ),
    "a dash at another indent": (
        FEEDS + FEEDS.removeprefix("feeds:\n").replace("  - id", "   - id"),
        ["feeds.yaml:6:", "indent", "Write `  - id: one`"],
    ),
    "an unquoted colon": (FEEDS.replace("The One", "One: news"), ["feeds.yaml:3:", 'Write `    outlet: "One: news"`']),
    "a sign of YAML's at the beginning": (FEEDS.replace("The One", "@one"), ["feeds.yaml:3:", 'outlet: "@one"`']),
    "a quotation that does not end": (FEEDS.replace("The One", '"One'), ["feeds.yaml:3:", 'Write `    outlet: "One"`']),
    "no blank after a colon": (FEEDS.replace("outlet: ", "outlet:"), ["feeds.yaml:3:", "Write `    outlet: The One`"]),
    "a blank in an address": (
        FEEDS.replace("/rss", "/the news"),
        ["'one'", "write `url: https://example.com/the%20news`"],
    ),
    "an address on a private network": (
        FEEDS.replace("example.com", "10.0.0.3"),
        ["feeds.yaml:4:", "'one'", "10.0.0.3 is not a public address", "`allow_private: true`"],
    ),
    "an address on this machine": (FEEDS.replace("example.com", "a.localhost:81"), ["feeds.yaml:4:", "allow_private"]),
    "a cloud's metadata, private or not": (
        FEEDS.replace("example.com", "169.254.169.254") + "    allow_private: true\n",
        ["feeds.yaml:4:", "metadata", "Remove the feed"],
    ),
    "a code of no language": (FEEDS.replace(": en", ": zz"), ["feeds.yaml:5:", "'zz'", "such as en, ru or uk"]),
    "a language by its name": (FEEDS.replace(": en", ": ukrainian"), ["feeds.yaml:5:", "`language: uk`"]),
    "a language by another code": (FEEDS.replace(": en", ": rus"), ["feeds.yaml:5:", "`language: ru`"]),
    "a language with its country": (FEEDS.replace(": en", ": en-GB"), ["feeds.yaml:5:", "`language: en`"]),
    "one outlet spelt in two ways": (
        FEEDS + FEEDS.removeprefix("feeds:\n").replace(": one", ": two").replace("/rss", "/b").replace("The", "the"),
        ["feeds.yaml:7:", "'the One'", "`outlet: The One`", "in line 3"],
    ),
    "one address but for case, port and tracking": (
        FEEDS
        + FEEDS.removeprefix("feeds:\n")
        .replace("id: one", "id: two")
        .replace("example.com/rss", "Example.COM:443/rss?utm_source=x"),
        ["feeds.yaml:8:", "is the address of 'one' already", "in line 4"],
    ),
    "a control character": ("feeds: \x00", ["not YAML"]),
    "a Python object": ("feeds: !!python/object/apply:os.system [ls]\n", ["feeds.yaml:1:"]),
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
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        near: [{words: [a]}]"),
        ["topics.yaml:7:", "'quay'", "near", "words", "fewer than two letters"],
    ),
    "an unknown case": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        case: loud"),
        ["'quay'", "case", "exact"],
    ),
    "a list in place of keys": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        near: [treaty]"),
        ["topics.yaml:7:", "'quay'", "near", "no set of keys", "{words: [treaty]}"],
    ),
    "an empty term": (
        TOPICS.replace("text: harbour quay", "text: ' '"),
        ["topics.yaml:6:", "'quay'", "text", "is empty. Write something there, or remove it."],
    ),
    "a term without text or pattern": (
        TOPICS.replace("text: harbour quay", "case: any"),
        ["topics.yaml:6:", "'quay'", "either a text or a pattern"],
    ),
    "a pattern that cannot compile": (
        TOPICS
        + "  - {id: b, name: B, description: B, terms: [{pattern: '(quay'}], examples: {match: [a], no_match: [b]}}\n",
        ["topics.yaml:10:", "'b'", "'(quay' cannot be read: missing )", "Mend it"],
    ),
    "a pattern that would backtrack": (
        TOPICS.replace("text: harbour quay", "pattern: (har)+bour"),
        ["topics.yaml:6:", "'quay'", "+ repeats without end. Give it one"],
    ),
    "a pattern that minds capitals now and then": (
        TOPICS.replace("text: harbour quay", "pattern: harbour quay\n        case: exact_unless_caps"),
        ["topics.yaml:6:", "case is any or exact"],
    ),
    "a pattern with inflection": (
        TOPICS.replace("text: harbour quay", "pattern: harbour quay\n        inflection: en"),
        ["topics.yaml:6:", "belong to a text"],
    ),
    "a language whose words cannot be inflected": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        inflection: tlh"),
        ["topics.yaml:7:", "'tlh' is no language", "ru", "uk"],
    ),
    "a word that cannot be inflected": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        inflection: ru"),
        ["topics.yaml:6:", "'harbour' is no noun or adjective in the nominative", "list the forms as variants"],
    ),
    "a word beside it that cannot be inflected": (
        TOPICS.replace(
            "text: harbour quay", "text: harbour quay\n        unless:\n          - {words: [бежать], inflection: ru}"
        ),
        ["topics.yaml:8:", "'бежать' is no noun"],
    ),
    "words that two topics claim": (
        TOPICS
        + TOPICS.removeprefix("topics:\n").replace("id: quay", "id: pier").replace("harbour quay", "Harbour-Quay"),
        ["topics.yaml:14:", "topic 'pier': 'Harbour-Quay' belongs to topic 'quay' already", "in line 6", "`near`"],
    ),
    "a wording that another topic claims in any capitals": (
        TOPICS
        + TOPICS.removeprefix("topics:\n")
        .replace("id: quay", "id: pier")
        .replace("quay\n", "quay\n        case: exact\n", 1),
        ["topic 'pier': 'harbour quay' belongs to topic 'quay' already"],
    ),
    "a term that matches one word in ten": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n      - text: the"),
        ["topics.yaml:7:", "'the' would match about one word in", "longer wording"],
    ),
    "a pattern that matches one word in ten": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n      - pattern: '[а-я]{5}'"),
        ["topics.yaml:7:", "would match about one word in", "(ru)"],
    ),
    "a group of nothing but none": (
        TOPICS.replace("text: harbour quay", "none: [{text: harbour quay}]"),
        ["topics.yaml:6:", "a group needs `any` or `all`"],
    ),
    "a mistake within a group": (
        TOPICS.replace("text: harbour quay", "any:\n          - text: harbour quay\n            cse: any"),
        ["topics.yaml:8:", "terms: number 1: any: number 1: cse:", "Did you mean `case`?"],
    ),
    "a zone that is none": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        zones: [title]"),
        ["topics.yaml:7:", "zones", "headline"],
    ),
    "words by stems with signs": (
        TOPICS.replace(
            "text: harbour quay", "text: harbour quay\n        variants: [St. Quay]\n        inflection: en"
        ),
        ["topics.yaml:6:", "'St. Quay' has signs in it", "Leave out inflection"],
    ),
    "a language that YAML takes for no": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        inflection: no"),
        ["topics.yaml:7:", 'False is no text to YAML. Put it in quotation marks: `inflection: "no"`'],
    ),
    "a merge": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        <<: {case: any}"),
        ["topics.yaml:7:", "<< is not offered"],
    ),
    "words too far away": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        near: [{words: [sea], within: 99}]"),
        ["topics.yaml:7:", "99 is no distance: write sentence, paragraph, story, or a number of words from 1 to 50"],
    ),
    "no examples": (TOPICS[: TOPICS.index("    examples")], ["'quay'", "examples", "Add it"]),
    "no terms": (
        TOPICS.replace("      - text: harbour quay\n", "").replace("terms:", "terms: []"),
        ["'quay'", "terms"],
    ),
    "an id twice": (TOPICS + TOPICS.removeprefix("topics:\n"), ["topics.yaml:10:", "'quay'", "in line 2"]),
    "an empty file": ("", ["expected a list under the key 'topics'"]),
    "not YAML": ("topics: {", ["topics.yaml:2: column 1:"]),
    "texts in place of a text": (
        TOPICS.replace("text: harbour quay", "text: [harbour quay, pier]"),
        ["topics.yaml:6:", "one text, not a list", "`text: harbour quay`", "`variants: [pier]`"],
    ),
    "a colon in a plain term": (
        TOPICS.replace("text: harbour quay", "Quay: the harbour"),
        ["topics.yaml:6:", 'write `- "Quay: the harbour"`'],
    ),
    "a number as a plain term": (
        TOPICS.replace("text: harbour quay", "1991"),
        ["topics.yaml:6:", "1991 is no text to YAML", '`- "1991"`'],
    ),
    "yes or no as a plain term": (TOPICS.replace("text: harbour quay", "no"), ["topics.yaml:6:", '`- "no"`']),
    "a tab below a key": (
        TOPICS.replace("      - text", "\t- text"),
        ["topics.yaml:6:", "a tab in the indent", "Write `      - text: harbour quay`"],
    ),
    "tabs before keys": (
        TOPICS.replace("    name", "\tname").replace("    description", "\tdescription"),
        ["topics.yaml:3:", "Write `    name: Quay`", "topics.yaml:4:", "Write `    description: The quay.`"],
    ),
    "a text in place of texts": (
        TOPICS.replace("text: harbour quay", "text: harbour quay\n        variants: pier"),
        ["topics.yaml:7:", "Write `variants: [pier]`"],
    ),
    "a colon in an example": (
        TOPICS.replace("[At the station.]", "\n        - Station: closed"),
        ["topics.yaml:10:", 'Write `- "Station: closed"`'],
    ),
}


@pytest.mark.parametrize("name", BAD_TOPICS)
def test_a_mistake_in_topics_yaml_is_named(name: str) -> None:
    text, words = BAD_TOPICS[name]
    found = problems(topics=text)
    assert all(problem.startswith("topics.yaml") for problem in found)
    assert all(any(word in problem for problem in found) for word in words), found


def test_a_term_that_stands_twice_in_one_list_is_named_with_both_lines() -> None:
    term = "      - text: harbour quay\n"
    (problem,) = problems(topics=TOPICS.replace(term, term + "      - text: pier\n" + term))
    assert problem.startswith("topics.yaml:8:")
    assert "'harbour quay' stands there already" in problem
    assert "line 6" in problem
    other = term.replace("harbour quay", "harbour quay\n        zones: [headline]")
    parse_catalogue(FEEDS, TOPICS.replace(term, term + other))  # not the same: one says more


def test_a_mistake_in_a_shared_list_is_named_where_it_is_shared() -> None:
    shared = TOPICS.replace(
        "      - text: harbour quay\n",
        "      - text: harbour quay\n        unless: &far\n          - {words: [sea], within: 99}\n"
        "      - text: quay side\n        unless: *far\n",
    )
    assert [p.split(":")[1] for p in problems(topics=shared)] == ["8", "10"]


def test_two_topics_may_claim_other_capitals_other_company_or_patterns_of_one_name() -> None:
    other = TOPICS.removeprefix("topics:\n").replace("id: quay", "id: pier")
    exact = "        case: exact\n    examples"
    capitals = other.replace("harbour quay", "HARBOUR QUAY")
    claimed = [(TOPICS + capitals).replace("    examples", exact)]
    near = "        near: [{words: [ship]}]\n    examples"
    claimed.append(TOPICS + other.replace("quay.]", "quay ship.]").replace("    examples", near))
    for_one = TOPICS.replace("text: harbour quay", "pattern: harbour quay\n        name: harbour")
    for_other = other.replace("text: harbour quay", "pattern: harbour q[a-z]{1,5}\n        name: harbour")
    claimed.append(for_one + for_other)
    assert [[t.id for t in parse_catalogue(FEEDS, text).topics] for text in claimed] == 3 * [["quay", "pier"]]


def test_a_term_that_is_a_plain_text_is_that_text() -> None:
    plain = TOPICS.replace("- text: harbour quay", "- harbour quay")
    assert parse_catalogue(FEEDS, plain).topics == parse_catalogue(FEEDS, TOPICS).topics
    grouped = TOPICS.replace("- text: harbour quay", "- any: [harbour quay, {text: pier}]")
    assert [term.label for _, term, _ in parse_catalogue(FEEDS, grouped).topics[0].leaves()] == ["harbour quay", "pier"]


@pytest.mark.parametrize("key", ["near", "unless"])
def test_one_condition_needs_no_list_around_it(key: str) -> None:
    one, listed = (
        TOPICS.replace("harbour quay\n", f"harbour quay\n        {key}: {value}\n").replace("quay.]", "quay, a ship.]")
        for value in ("{words: [ship], within: 1}", "[{words: [ship], within: 1}]")
    )
    assert parse_topics(one, is_known_good=True) == parse_topics(listed, is_known_good=True)


def test_a_file_with_several_faults_gets_all_of_them_named_in_one_go() -> None:
    feeds = FEEDS.replace("The One", "One: news").replace(": en", ": english") + "\t- id: two\n    outlet: B\n"
    feeds += "    url: https://example.com/rss?utm_source=x\n    language: en\n"
    found = problems(feeds, TOPICS.replace("text: harbour quay", "txt: q") + TOPICS.removeprefix("topics:\n"))
    assert [p.split(":")[1] for p in found[:3]] == ["3", "6", "5"], found
    assert {"topics.yaml:6", "topics.yaml:1"} >= {":".join(p.split(":")[:2]) for p in found if "txt" in p}


def test_a_wrong_topic_does_not_keep_its_neighbour_from_being_tried_out() -> None:
    wrong = TOPICS.replace("text: harbour quay", "txt: quay")
    other = TOPICS.removeprefix("topics:\n").replace("id: quay", "id: pier").replace("At the harbour quay.", "None.")
    found = problems(topics=wrong + other)
    assert any("txt" in problem for problem in found)
    assert any(p.startswith("topics.yaml:16: topic 'pier': no term matches") for p in found), found


def test_what_is_wrong_with_one_file_is_named_though_the_other_is_missing(tmp_path: Path) -> None:
    (tmp_path / "topics.yaml").write_text(TOPICS.replace("text: harbour quay", "txt: quay"))
    with pytest.raises(ConfigError) as error:
        load_catalogue(tmp_path)
    assert ["feeds.yaml" in error.value.problems[0], "txt" in error.value.problems[1]] == [True, True]


def test_a_pipe_in_a_files_place_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "feeds.yaml")
    (tmp_path / "topics.yaml").write_text(TOPICS)
    with pytest.raises(ConfigError, match="no ordinary file"):
        load_catalogue(tmp_path)


def test_one_mistake_is_named_once() -> None:
    assert len(problems(topics=TOPICS.replace("- text: harbour quay", "- text: harbour quay\n        cse: any"))) == 1


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
    with pytest.raises(ConfigError, match=r"feeds\.yaml:6: cannot be read: byte 0xca is no UTF-8\..*`# Київ`"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEWSWATCH_TIMEZONE", "Kyiv"),
        ("NEWSWATCH_SHARDS", "-1"),
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


@pytest.mark.parametrize(
    "feeds",
    [
        FEEDS.replace("language: en", "language: zz"),
        FEEDS.replace("https://", "http://10.0.0.3/", 1),
        FEEDS + FEEDS.removeprefix("feeds:\n").replace("id: one", "id: two").replace("The One", "the one"),
        FEEDS.replace("url: https://", "url: https://example.com/a b?", 1),
    ],
)
def test_what_an_earlier_version_accepted_stays_in_force_and_an_edit_of_it_is_checked(feeds: str) -> None:
    """Else an upgrade would end the polls of all feeds because of one."""
    with pytest.raises(ConfigError):
        parse_catalogue(feeds, TOPICS)
    assert parse_catalogue(feeds, TOPICS, (feeds, TOPICS)).feeds[0].id == "one"
    with pytest.raises(ConfigError):
        parse_catalogue(feeds + "# edited\n", TOPICS, (feeds, TOPICS))


IN_TERM = "text: harbour quay\n        "


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"feeds": FEEDS.replace("feeds:", "feed:")}, "feed: no such key. Did you mean `feeds`?"),
        ({"feeds": FEEDS.replace("url:", "URL_:")}, "URL_: no such key. Remove it"),
        ({"feeds": FEEDS + "    timzone: UTC\n"}, "timzone: no such key. Did you mean `timezone`?"),
        ({"feeds": FEEDS + "    languages: en\n"}, "languages: no such key. Remove it"),  # `language` is there
        ({"topics": TOPICS.replace("no_match", "not_match")}, "not_match: no such key. Did you mean `no_match`?"),
        (
            {"topics": TOPICS.replace("text: harbour quay", IN_TERM + "near: [{words: [sea], wihtin: story}]")},
            "near: number 1: wihtin: no such key. Did you mean `within`?",
        ),
        (
            {"topics": TOPICS.replace("text: harbour quay", "any: [{txt: quay}]\n        non: [sea]")},
            "terms: number 1: non: no such key. Did you mean `none`?",
        ),
        (
            {"topics": TOPICS.replace("text: harbour quay", "any: [{txt: quay, zone: [lede]}]")},
            "any: number 1: zone: no such key. Did you mean `zones`?",
        ),
    ],
)
def test_a_key_that_is_misspelt_is_answered_by_the_one_that_was_meant(files: dict[str, str], said: str) -> None:
    assert any(said in problem for problem in problems(**files)), problems(**files)
