"""`make run` as a user meets it: what it prints, what stands on disk, backfills by hand, and how it ends.

The tests build on one another's run and stand in the order of a user's first hour.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from newsroom.stories import stories_of
from newswatch.tables import day_tables
from newswatch_airflow.local.api import AirflowApi

from .backfills import (
    DAYS,
    YESTERDAY,
    close_backfill,
    finished,
    run_ids,
    table_hashes,
    wait_until_days_are_refreshed,
)
from .conftest import HISTORY_DAYS, Run, processes_of, start

pytestmark = pytest.mark.airflow


def trigger(api: AirflowApi, dag_id: str, conf: dict[str, Any]) -> str:
    """Start a run by hand; returns its id."""
    run = api.call("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
    return str(run["dag_run_id"])


def poll(api: AirflowApi) -> dict[str, Any]:
    """Start a poll of all feeds by hand; returns its run once it has ended."""
    return run_of(api, "poll_feeds", {"all_feeds": True})


def run_of(api: AirflowApi, dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    """Start a run by hand and return it once it has ended."""
    run_id = trigger(api, dag_id, conf)
    ends = time.monotonic() + 180
    while time.monotonic() < ends:
        run = next(r for r in api.runs(dag_id, order_by="-run_after") if r["dag_run_id"] == run_id)
        if run["state"] in ("success", "failed"):
            return run
        time.sleep(1)
    raise AssertionError(f"the run {run_id} of {dag_id} did not end")


@contextlib.contextmanager
def polling(api: AirflowApi) -> Iterator[list[str]]:
    """Polls of all feeds, one after the other, while the block runs; yields the states in which they ended."""
    stop, ended = threading.Event(), []

    def keep_polling() -> None:
        while not stop.is_set():
            ended.append(poll(api)["state"])

    worker = threading.Thread(target=keep_polling)
    worker.start()
    try:
        yield ended
    finally:
        stop.set()
        worker.join()


def test_it_prints_the_address_the_digest_and_the_days_table(running: Run) -> None:
    assert f"topic_days of {YESTERDAY}" in running.printed
    assert "new-start" in running.printed
    assert str(running.home / "data" / "digests" / str(YESTERDAY) / "digest.html") in running.printed


def test_the_last_seven_days_have_digests_and_the_weeks_before_have_tables(running: Run) -> None:
    data = running.home / "data"
    for n in range(1, 8):
        day = datetime.now(UTC).date() - timedelta(days=n)
        assert (data / "digests" / str(day) / "digest.md").stat().st_size > 500
        assert [p.name for p in (data / "digests" / str(day)).glob("issue-*")] == ["issue-1"]
    topic_days = pd.read_parquet(data / "tables" / "topic_days")
    assert topic_days["day"].nunique() >= HISTORY_DAYS - 1
    days = [YESTERDAY - timedelta(days=n) for n in range(HISTORY_DAYS - 1)]
    printed = sum("new-start" in story.topics for day in days for story in stories_of(day))
    # A quarter may stand in the feed alone that does not answer each time, and some come days late.
    assert topic_days.loc[topic_days["topic"] == "new-start", "story_count"].sum() > 0.6 * printed


def test_a_run_says_what_it_did_without_its_logs(api: AirflowApi) -> None:
    run = poll(api)
    assert run["state"] == "success"
    assert "Polled" in run["note"]
    assert "not_modified" in run["note"]
    tasks = api.call("GET", f"/dags/poll_feeds/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    assert any("feeds:" in str(t["rendered_map_index"]) for t in tasks if t["task_id"] == "poll")


def notices(running: Run) -> list[dict[str, Any]]:
    path = running.home / "notices.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# What the newsroom's broken feeds must lead to, whatever else happens: no run is red, and each fault has its name.
FAULTS = {
    "buoy-drip": "timeout",
    "buoy-bomb": "too_large",
    "buoy-busy": "http_429",
    "buoy-loop": "redirect_loop",
    "buoy-inside": "address_refused",
    "buoy-login": "not_a_feed",
    "tidewater-archive": "gone",
    "svodka-culture": "not_a_feed",
}


def test_every_fault_of_the_newsroom_stands_on_the_page_of_feeds_and_no_run_is_red(api: AirflowApi) -> None:
    assert poll(api)["state"] == "success"
    page = api.page("/newswatch/feeds")
    for feed_id, outcome in FAULTS.items():
        (row,) = re.findall(rf'<tr id="{feed_id}">.*?</tr>', page, re.S)
        assert outcome in row, feed_id
    assert re.search(r"\d+ failing", page)


def test_whoever_watches_the_feeds_is_told_of_each_once(running: Run, api: AirflowApi) -> None:
    told: list[str] = []
    for _ in range(2):
        run_id = trigger(api, "watch_feeds", {})
        ends = time.monotonic() + 120
        states = {}
        while time.monotonic() < ends and states.get(run_id) not in ("success", "failed"):
            states = {r["dag_run_id"]: r["state"] for r in api.runs("watch_feeds", order_by="-run_after")}
            time.sleep(1)
        assert states[run_id] == "success"
        told = [n["feed_id"] for n in notices(running) if n.get("condition") in ("failing", "gone", "quiet")]
        assert {"buoy-bomb", "buoy-login", "tidewater-archive"} <= set(told)
        assert len(told) == len(set(told))


def test_maintenance_takes_nothing_that_is_young_and_says_so(running: Run, api: AirflowApi) -> None:
    before = set((running.home / "data" / "raw").rglob("*.warc.gz"))
    for is_dry_run in (True, False):
        run = run_of(api, "maintain_store", {"dry_run": is_dry_run})
        assert run["state"] == "success"
        assert re.search(r"Airflow's rows (would be )?deleted: none\.", run["note"]), run["note"]
        assert "Airflow's logs of before" in run["note"]
    assert before <= set((running.home / "data" / "raw").rglob("*.warc.gz"))


def test_what_make_run_keeps_is_backed_up_and_brought_back_elsewhere(running: Run, tmp_path: Path) -> None:
    """From the embedded database into another one, while Airflow polls."""
    copies, second = str(tmp_path / "copies"), tmp_path / "second"
    before = table_hashes(running.home, DAYS)
    backup = running.command("newswatch", "backup", copies)
    assert backup.returncode == 0, backup.stderr
    after = table_hashes(running.home, DAYS)
    environ = running.env | {"NEWSWATCH_HOME": str(second), "NEWSWATCH_DATA_URL": "", "NEWSWATCH_DATABASE_URL": ""}
    for arguments in (["restore", copies], ["verify"]):
        command = [str(Path(sys.executable).parent / "newswatch"), *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    # A day may be built again while its files are copied: the copy holds what stood before or what stands after.
    brought_back = table_hashes(second, DAYS)
    assert brought_back.keys() == before.keys() == after.keys()
    assert [path for path, found in brought_back.items() if found not in (before[path], after[path])] == []


def test_days_are_backfilled_while_polls_run_and_twice_gives_the_same_bytes(running: Run, api: AirflowApi) -> None:
    close_backfill(api)
    with polling(api) as polls:
        before = run_ids(api)
        api.backfill("daily_digest", DAYS[0], DAYS[-1], reprocess="completed")
        first = finished(api, before, len(DAYS))
    wait_until_days_are_refreshed(api)
    hashes = table_hashes(running.home, DAYS)
    close_backfill(api)
    before = run_ids(api)
    api.backfill("daily_digest", DAYS[0], DAYS[-1], reprocess="completed")
    second = finished(api, before, len(DAYS))
    for runs in (first, second):
        assert sorted(str(r["partition_key"]) for r in runs) == [str(day) for day in DAYS]
        assert {r["state"] for r in runs} == {"success"}
        assert any(f"The backfill so far: {len(DAYS)} of {len(DAYS)} days done; " in r["note"] for r in runs)
    assert all("tables of 0 days changed." in r["note"] for r in second)
    assert set(polls) == {"success"}
    assert len(hashes) == len(DAYS) * len(day_tables.TABLES)
    assert table_hashes(running.home, DAYS) == hashes


def test_a_backfill_issues_a_numbered_digest_and_delivers_nothing(running: Run, api: AirflowApi) -> None:
    folder = running.home / "data" / "digests" / str(DAYS[0])
    assert "it replaces issue" in (folder / "digest.md").read_text()
    assert "it replaces" not in (folder / "issue-1" / "digest.md").read_text()
    run = next(r for r in api.runs("daily_digest") if r["partition_key"] == str(DAYS[0]))
    tasks = api.call("GET", f"/dags/daily_digest/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    assert {t["task_id"]: t["state"] for t in tasks} == {
        "tables": "success",
        "digest": "success",
        "deliver": "skipped",
    }
    latest = running.home / "data" / "digests" / "latest.html"  # yesterday's, where its scheduled run is due already
    assert not latest.exists() or f"{DAYS[0].day} {DAYS[0]:%B %Y}" not in latest.read_text()


def test_a_wrong_edit_stops_nothing_and_the_run_says_so(running: Run, api: AirflowApi) -> None:
    topics = running.home / "config" / "topics.yaml"
    good = topics.read_text()
    topics.unlink()  # a link to the shipped list, which stays as it is
    topics.write_text(good.replace("topics:", "topisc:", 1))
    try:
        run = poll(api)
    finally:
        topics.write_text(good)
    assert run["state"] == "success"
    assert "last good one is in force" in run["note"]
    assert "topisc" in run["note"]


NEW_TOPIC = """
  - id: harvest
    name: Harvest
    description: Stories about the harvest, added while everything runs.
    terms:
      - text: harvest*
    examples:
      match: [The harvest began early.]
      no_match: [The hunters came early.]
"""


def test_a_topic_added_today_finds_last_months_stories(running: Run, api: AirflowApi) -> None:
    topics = running.home / "config" / "topics.yaml"
    topics.write_text(topics.read_text().rstrip() + "\n" + NEW_TOPIC)
    close_backfill(api)
    before = run_ids(api)
    done = running.command(
        *("airflow", "backfill", "create", "--dag-id", "daily_digest"),
        *("--from-date", str(DAYS[0]), "--to-date", str(DAYS[-1]), "--reprocess-behavior", "completed"),
    )
    assert done.returncode == 0, done.stderr
    runs = finished(api, before, len(DAYS))
    assert sorted(str(r["partition_key"]) for r in runs) == [str(day) for day in DAYS]
    mentions = pd.read_parquet(running.home / "data" / "tables" / "mentions")
    found = mentions[(mentions["topic"] == "harvest") & mentions["day"].isin(DAYS)]
    assert len(found) > 0
    assert found["sentence"].str.contains("harvest", case=False).all()


def test_a_digest_that_fails_is_noticed_in_a_file(running: Run, api: AirflowApi) -> None:
    day = DAYS[1]
    stories = running.home / "data" / "batches" / "story_texts" / str(day)
    hidden = stories.with_name("hidden")
    stories.rename(hidden)
    try:
        before = run_ids(api)
        trigger(api, "daily_digest", {"day": str(day)})
        runs = finished(api, before, 1)
    finally:
        hidden.rename(stories)
    assert runs[0]["state"] == "failed"
    wanted = {"dag_id": "daily_digest", "run_id": runs[0]["dag_run_id"]}
    ends = time.monotonic() + 60
    while time.monotonic() < ends and not any(wanted.items() <= n.items() for n in notices(running)):
        time.sleep(1)
    assert [n for n in notices(running) if wanted.items() <= n.items()]


def test_explain_tells_where_a_story_comes_from(running: Run) -> None:
    stories = pd.read_parquet(running.home / "data" / "tables" / "stories")
    url = stories[stories["text_source"] == "page"].iloc[0]["canonical_url"]
    told = json.loads(running.command("newswatch", "explain", url).stdout)
    assert told["canonical_url"] == url
    assert (running.home / "data" / told["bytes"]["file"]).exists()


def test_a_feeds_past_is_found_by_a_dry_run_and_then_fetched_and_built(running: Run, api: AirflowApi) -> None:
    before = (YESTERDAY - timedelta(days=HISTORY_DAYS + n) for n in range(10, 30))  # all that its feed lists
    last = next(day for day in before if any(story.outlet_id == "ranok" for story in stories_of(day)))
    asked = {"feeds": ["ranok"], "first": str(last - timedelta(days=3)), "last": str(last)}
    dry = run_of(api, "recover_history", asked)
    assert dry["state"] == "success"
    assert "Dry run" in dry["note"]
    assert "paged_feed" in dry["note"]
    path = running.home / "data" / "tables" / "stories" / f"{last}.parquet"

    def recovered() -> dict[str, str]:
        """What listed them, by headline, of the day's stories of the feed."""
        found = pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=["feed_id", "title", "via"])
        of_feed = found[found["feed_id"] == "ranok"]
        return dict(zip(of_feed["title"], of_feed["via"], strict=True))

    assert recovered() == {}
    done = run_of(api, "recover_history", asked | {"dry_run": False})
    assert done["state"] == "success", done["note"]
    expected = dict.fromkeys((s.headline for s in stories_of(last) if s.outlet_id == "ranok"), "paged_feed")
    ends = time.monotonic() + 120
    while recovered() != expected:  # `refresh_day` builds it
        assert time.monotonic() < ends, recovered()
        time.sleep(1)
    wait_until_days_are_refreshed(api)  # as the tests below count on


def test_a_killed_database_comes_back_and_the_pipeline_goes_on(running: Run, api: AirflowApi) -> None:
    number = (running.home / "postgres" / "postmaster.pid").read_text().split()[0]
    psutil.Process(int(number)).kill()
    ends = time.monotonic() + 120
    time.sleep(3)  # for everybody to notice
    while not api.is_healthy():
        assert time.monotonic() < ends
        time.sleep(1)
    assert poll(api)["state"] == "success"
    assert running.process.poll() is None
    assert not any(run["state"] == "failed" for run in api.runs("poll_feeds", order_by="-run_after"))


def test_a_home_is_its_owners_alone(running: Run) -> None:
    made = [running.home, *running.home.rglob("*")]
    opened = [path for path in made if path.exists() and not path.is_symlink() and path.stat().st_mode & 0o077]
    assert set(opened) <= {running.home / "config" / "topics.yaml"}  # which a test above has written anew


def test_ctrl_c_ends_everything_and_the_next_run_goes_on_from_there(running: Run, home: Path) -> None:
    stories = sorted(pd.read_parquet(home / "data" / "tables" / "stories", columns=["story_id"])["story_id"])
    issues = {p: p.read_bytes() for p in (home / "data" / "digests").glob("*/issue-*/digest.md")}
    assert "Stopped." in running.stop()
    assert processes_of(home) == []
    again = start(home)
    try:
        now = sorted(pd.read_parquet(home / "data" / "tables" / "stories", columns=["story_id"])["story_id"])
        assert len(set(now)) == len(now)
        assert set(stories) <= set(now)
        assert {p: p.read_bytes() for p in issues} == issues
    finally:
        again.stop()
    assert processes_of(home) == []


@pytest.mark.slow
def test_after_a_power_cut_the_next_run_cleans_up_and_goes_on(running: Run, home: Path) -> None:
    cut = start(home)
    cut.process.kill()  # nothing is cleaned up
    cut.process.communicate()
    after = start(home)
    assert "that an earlier run had left" in after.printed
    after.stop()
    assert processes_of(home) == []
