"""What the newsroom writes for the pipeline, and that it never takes back what its user wrote there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from newsroom.broken import FEEDS as BROKEN
from newsroom.config import write_config
from newsroom.outlets import OUTLETS
from newsroom.wharf import SOURCES

OWN = [feed.id for outlet in OUTLETS for feed in outlet.feeds]


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    path = tmp_path / "the-topics.yaml"
    path.write_text("topics: []\n", encoding="utf-8")
    return path


def written(folder: Path, shipped: Path, port: int = 4123, *, broken: bool = False) -> list[dict[str, str]]:
    write_config(folder, port=port, topics=shipped, broken=broken)
    feeds: list[dict[str, str]] = yaml.safe_load((folder / "feeds.yaml").read_text(encoding="utf-8"))["feeds"]
    return feeds


def test_all_feeds_stand_in_the_first_file(tmp_path: Path, shipped: Path) -> None:
    feeds = written(tmp_path / "c", shipped)
    assert [feed["id"] for feed in feeds] == OWN
    assert feeds[1]["url"] == "http://courier.newsroom.localhost:4123/rss.xml"
    assert (tmp_path / "c" / "topics.yaml").read_text(encoding="utf-8") == "topics: []\n"


def test_the_wharfs_feeds_come_and_go_with_its_switch(tmp_path: Path, shipped: Path) -> None:
    def ids() -> list[str]:
        return [feed["id"] for feed in yaml.safe_load((tmp_path / "feeds.yaml").read_text(encoding="utf-8"))["feeds"]]

    write_config(tmp_path, port=1, topics=shipped, wharf=True)
    path = tmp_path / "feeds.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# the end\n", encoding="utf-8")
    assert ids() == [*OWN, *(source.id for source in SOURCES)]
    write_config(tmp_path, port=1, topics=shipped, broken=True)
    assert ids() == [*OWN, *(feed.id for feed in BROKEN)]
    write_config(tmp_path, port=1, topics=shipped)
    assert ids() == OWN
    assert "# the end" in path.read_text(encoding="utf-8")


ADDED = """
# found in the park
- id: my-own   # mine
  outlet: "The Bench"
  url: http://bench.example/feed
  language: en
- id: svodka-priozerya
  outlet: Сводка
  url: http://svodka.newsroom.localhost:4123/feeds/priozerya.xml
  language: ru
"""


def test_a_start_keeps_feeds_comments_and_edits_that_are_the_users(tmp_path: Path, shipped: Path) -> None:
    written(tmp_path, shipped)
    path = tmp_path / "feeds.yaml"
    edited = (
        path.read_text(encoding="utf-8").replace("outlet: The Harbour Courier", "outlet: Courier  # shorter") + ADDED
    )
    path.write_text(edited, encoding="utf-8")
    on = written(tmp_path, shipped, broken=True)
    assert [feed["id"] for feed in on] == [*OWN, "my-own", "svodka-priozerya", *(feed.id for feed in BROKEN)]
    assert path.read_text(encoding="utf-8").startswith(edited)
    written(tmp_path, shipped)
    assert path.read_text(encoding="utf-8") == edited


def test_what_stands_between_broken_feeds_stays_when_they_go(tmp_path: Path, shipped: Path) -> None:
    written(tmp_path, shipped, broken=True)
    path = tmp_path / "feeds.yaml"
    path.write_text(path.read_text(encoding="utf-8") + ADDED, encoding="utf-8")
    assert [feed["id"] for feed in written(tmp_path, shipped)] == [*OWN, "my-own", "svodka-priozerya"]
    assert path.read_text(encoding="utf-8").endswith(ADDED)


def test_another_port_is_written_into_the_newsrooms_own_entries_alone(tmp_path: Path, shipped: Path) -> None:
    written(tmp_path, shipped)
    path = tmp_path / "feeds.yaml"
    path.write_text(path.read_text(encoding="utf-8") + ADDED, encoding="utf-8")
    urls = {feed["id"]: feed["url"] for feed in written(tmp_path, shipped, port=9000)}
    assert urls[OWN[1]] == "http://courier.newsroom.localhost:9000/rss.xml"
    assert ":4123" in urls["svodka-priozerya"]
    assert sum(":9000" in url for url in urls.values()) == len(OWN)


def test_a_feed_that_was_taken_out_stays_out(tmp_path: Path, shipped: Path) -> None:
    feeds = written(tmp_path, shipped)
    (tmp_path / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds[2:]}), encoding="utf-8")
    assert [feed["id"] for feed in written(tmp_path, shipped)] == OWN[2:]


@pytest.mark.parametrize("text", ["feeds: [\n", "", "feeds: {}\n", "feeds: [{id: a, url: 'http://a.example/'}]\n"])
def test_a_list_that_is_of_another_form_is_left_alone(text: str, tmp_path: Path, shipped: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(text, encoding="utf-8")
    write_config(tmp_path, port=1, topics=shipped, broken=True)
    assert (tmp_path / "feeds.yaml").read_text(encoding="utf-8") == text


def test_topics_are_a_copy_that_follows_the_shipped_list_until_it_is_edited(tmp_path: Path, shipped: Path) -> None:
    own = tmp_path / "c" / "topics.yaml"
    written(tmp_path / "c", shipped)
    shipped.write_text("topics: [] # 2\n", encoding="utf-8")
    written(tmp_path / "c", shipped)
    assert own.read_text(encoding="utf-8") == "topics: [] # 2\n"
    own.write_text("mine", encoding="utf-8")
    assert shipped.read_text(encoding="utf-8") == "topics: [] # 2\n"
    shipped.write_text("topics: [] # 3\n", encoding="utf-8")
    written(tmp_path / "c", shipped)
    assert own.read_text(encoding="utf-8") == "mine"


def test_an_older_versions_link_becomes_a_copy_and_another_link_stays(tmp_path: Path, shipped: Path) -> None:
    (tmp_path / "topics.yaml").symlink_to(shipped)
    written(tmp_path, shipped)
    assert not (tmp_path / "topics.yaml").is_symlink()
    (tmp_path / "b").mkdir()
    (tmp_path / "elsewhere").write_text("mine", encoding="utf-8")
    (tmp_path / "b" / "topics.yaml").symlink_to(tmp_path / "elsewhere")
    written(tmp_path / "b", shipped)
    assert (tmp_path / "b" / "topics.yaml").is_symlink()
