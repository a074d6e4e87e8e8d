"""What more workers give: stories an hour, and an hour a core, for 1, 2 and 4 worker processes and feeds × 1, 4, 16.

    python benchmarks/workers.py [--feeds 12] [--times 1 4 16] [--workers 1 2 4]

Each feed has six real pages (extraction_sets.py; fewer at the largest size, for there are no more) on a loopback host
of its own, without a pause between requests. A worker is a process that does what a task of `poll_feeds` does: polls
its share of the feeds, and, once all have polled, fetches the pages of its share of the hosts; then one process tags.
All share a ledger and a store, as workers on
several machines do. Each cell has an installation of its own, which starts empty.

Seconds of processor time are those of each step with all of its children; PostgreSQL's count too, the web server's do
not, but it takes its part of the machine's cores, as do several workers on cores that are fewer than they.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import end_to_end
import measuring

PAGES_A_FEED = 6
STEPS = ("poll", "fetch", "tag")


def work(step: str, shard: int, shards: int) -> None:
    """What a task does, in this process."""
    from newswatch.pipeline import Share, fetch_pending, open_newswatch, plan_poll, poll, tag_new
    from newswatch.settings import load_settings

    nw = open_newswatch(load_settings())
    run_id = "benchmark"
    if step == "poll":
        shares = plan_poll(nw, shards, only_due=False)
        if shard < len(shares):
            poll(nw, list(shares[shard].feed_ids), run_id)
    elif step == "fetch":
        print(fetch_pending(nw, run_id, Share(shard, shards)).story_count)
    else:
        tag_new(nw, run_id)
    nw.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=12)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        step, shard, shards = given.work
        return work(step, int(shard), int(shards))
    print(f"{os.cpu_count()} cores; seconds of wall time, and of processor time in each step\n")
    columns = ("feeds", "stories", "workers", "wall", *STEPS, "PostgreSQL", "an hour", "an hour a core")
    print(" ".join(f"{column:>14}" for column in columns))
    for times in given.times:
        for workers in given.workers:
            row = measured(given.feeds * times, workers)
            print(" ".join(f"{value:>14}" for value in row), flush=True)
    return None


def measured(feed_count: int, workers: int) -> list[str]:
    """One cell: an empty installation, filled and thrown away."""
    from newswatch.storage import embedded_postgres

    wanted = feed_count * PAGES_A_FEED
    command = [
        sys.executable,
        end_to_end.__file__,
        "--pages",
        str(wanted),
        "--hosts",
        str(feed_count),
        "--run",
        "serve",
    ]
    with (
        tempfile.TemporaryDirectory(prefix="nwb-") as name,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdin
        assert server.stdout
        env = end_to_end.setup(Path(name), feed_count, int(server.stdout.readline()))
        database = int((Path(name) / "pg" / "postmaster.pid").read_text().split()[0])
        before = measuring.cpu_of_tree(database)
        costs = {step: side_by_side(step, workers if step != "tag" else 1, env) for step in STEPS}
        of_database = measuring.cpu_of_tree(database) - before
        embedded_postgres.stop(Path(name) / "pg")
        server.stdin.close()
    stories = sum(int(cost.output.splitlines()[-1]) for cost in costs["fetch"])
    wall = sum(max(cost.wall_s for cost in of_step) for of_step in costs.values())
    cpu = {step: sum(cost.cpu_s for cost in of_step) for step, of_step in costs.items()}
    seconds = [wall, *cpu.values(), of_database]
    rates = [stories * 3600 / wall, stories * 3600 / (sum(cpu.values()) + of_database)]
    return [str(feed_count), str(stories), str(workers), *(f"{s:.1f}" for s in seconds), *(f"{r:,.0f}" for r in rates)]


def side_by_side(step: str, workers: int, env: dict[str, str]) -> list[measuring.Cost]:
    """The step by so many workers at once."""
    costs: list[measuring.Cost] = []

    def run(shard: int) -> None:
        costs.append(measuring.run([sys.executable, __file__, "--work", step, str(shard), str(workers)], env))

    threads = [threading.Thread(target=run, args=(shard,)) for shard in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return costs


if __name__ == "__main__":
    main()
