"""From a feed's address to the day's digest, beside bare trafilatura on the same bytes, with where the time goes.

    python benchmarks/end_to_end.py [--pages 600] [--rounds 2] [--hosts 50]

Pages: those of extraction_sets.py, one feed and its pages on each loopback host, without a pause between requests.
Newswatch runs as its command does, each line a process of its own: `newswatch poll` (feeds, pages, tagging), `newswatch
build` (tables) and the digest. PostgreSQL's processor time is counted too. The bare loop is one process that calls
`trafilatura.bare_extraction(with_metadata=True)` on the files, read from the disk: no network, no storage, no ledger.
Runs alternate, so that a noisy machine is noisy for both.

Then each stage alone, in one process, in ms a page: what it would cost if there were nothing else. What the poll costs
beyond their sum is requests, traffic with the children, the ledger and starting.

Pages keep the days that they state, so that few stories are of today: what a full day's build costs is day.py's matter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import measuring
from extraction_sets import SETS, Page, body_of


def pages(wanted: int) -> list[Page]:
    """Pages of all sets, as many as are wanted."""
    return [page for _, read, _, _ in SETS for page in read()][:wanted]


def serve(wanted: int, hosts: int) -> None:
    """Serve page n at /n of host n % hosts, and each host's feed at /rss, until standard input ends."""
    from aiohttp import web

    bodies = [body_of(page.path) for page in pages(wanted)]
    now = format_datetime(datetime.now(UTC))

    async def feed(request: web.Request) -> web.Response:
        at = f"http://{request.host}"
        number = int(request.host.split(".")[0].removeprefix("h"))
        items = "".join(
            f"<item><title>Page {n}</title><link>{at}/{n}</link><guid>{at}/{n}</guid><pubDate>{now}</pubDate></item>"
            for n in range(number, len(bodies), hosts)
        )
        head = f"<title>Host {number}</title><link>{at}/</link><description>-</description>"
        text = f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'
        return web.Response(text=text, content_type="application/rss+xml")

    async def page(request: web.Request) -> web.Response:
        return web.Response(body=bodies[int(request.match_info["n"])], content_type="text/html")

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/rss", feed)
        application.router.add_get(r"/{n:\d+}", page)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await runner.cleanup()

    asyncio.run(run())


def bare(wanted: int) -> None:
    import trafilatura

    for page in pages(wanted):
        trafilatura.bare_extraction(body_of(page.path), url=page.url, with_metadata=True)


def stages(wanted: int) -> None:
    """Print ms a page of each stage alone."""
    import lxml.html

    from newswatch.config.catalogue import load_catalogue
    from newswatch.pages import extractor
    from newswatch.settings import SHIPPED_CONFIG_DIR
    from newswatch.stories.fingerprint import fingerprint
    from newswatch.topics.matcher import Matcher

    bodies = [(body_of(page.path), page.url) for page in pages(wanted)]
    matcher = Matcher(load_catalogue(SHIPPED_CONFIG_DIR).topics)

    def timed(work: Callable[[Any], Any], given: list[Any]) -> tuple[float, list[Any]]:
        for item in given[:20]:
            work(item)
        began = time.process_time()
        made = [work(item) for item in given]
        return round((time.process_time() - began) * 1000 / len(given), 2), made

    found: dict[str, float] = {}
    found["parsing alone (lxml)"], _ = timed(lambda item: lxml.html.document_fromstring(item[0]), bodies)
    found["story from the page"], read = timed(lambda i: extractor.parse(i[0], url=i[1], content_type=""), bodies)
    found["fingerprint"], _ = timed(lambda page: fingerprint(page.lines, ()), read)
    found["tagging"], _ = timed(lambda page: matcher.find("", page.text, None), read)
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--run", choices=["serve", "bare", "stages"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run == "serve":
        serve(options.pages, options.hosts)
    elif options.run == "bare":
        bare(options.pages)
    elif options.run == "stages":
        stages(options.pages)
    else:
        compare(options.pages, options.hosts, options.rounds)


def compare(wanted: int, hosts: int, rounds: int) -> None:
    here = [sys.executable, __file__, "--pages", str(wanted), "--hosts", str(hosts), "--run"]
    total, theirs = [], []
    for _ in range(rounds):
        rows = newswatch([*here, "serve"], hosts)
        for name, cost in rows:
            show(name, cost, wanted)
        total.append(sum(cost.cpu_s for _, cost in rows))
        cost = measuring.run([*here, "bare"])
        show("bare trafilatura, no network, no storage", cost, wanted)
        theirs.append(cost.cpu_s)
    ours = min(total)
    print(
        f"\nfeed to digest: {ours * 1000 / wanted:.1f} ms of processor time a page, {wanted * 3600 / ours:,.0f} stories"
    )
    print(f"an hour a core; {ours / min(theirs):.2f} times bare trafilatura (the best of {rounds} rounds each)\n")
    for stage, cost_ms in json.loads(measuring.run([*here, "stages"]).output).items():
        print(f"{stage:42} {cost_ms:8.2f} ms a page")


def newswatch(server_command: list[str], hosts: int) -> list[tuple[str, measuring.Cost]]:
    """An installation of its own, filled, built and thrown away."""
    from newswatch.storage import embedded_postgres

    server = subprocess.Popen(server_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin
    assert server.stdout
    port = int(server.stdout.readline())
    with tempfile.TemporaryDirectory(prefix="nwb-") as name:
        folder = Path(name)
        env = setup(folder, hosts, port)
        database = int((folder / "pg" / "postmaster.pid").read_text().split()[0])
        before = measuring.cpu_of_tree(database)
        rows = [
            (" ".join(verb), measuring.run([sys.executable, "-m", "newswatch.cli", *verb], env))
            for verb in (["poll"], ["build", "--no-digest", str(today())], ["build", str(today())])
        ]
        spent = measuring.cpu_of_tree(database) - before
        rows.append(("PostgreSQL, all of it", measuring.Cost("", 0.0, spent, 0.0)))
        embedded_postgres.stop(folder / "pg")
    server.stdin.close()
    server.wait()
    return rows


def today() -> date:
    return datetime.now(UTC).date()


def setup(folder: Path, hosts: int, port: int) -> dict[str, str]:
    import yaml

    from newswatch.ledger import Ledger
    from newswatch.settings import SHIPPED_CONFIG_DIR
    from newswatch.storage import embedded_postgres

    feeds = [
        {"id": f"h{n}", "outlet": f"H {n}", "url": f"http://h{n}.localhost:{port}/rss", "language": "en",
         "allow_private": True}
        for n in range(hosts)
    ]  # fmt: skip
    (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}))
    (folder / "topics.yaml").write_bytes((SHIPPED_CONFIG_DIR / "topics.yaml").read_bytes())
    database = embedded_postgres.database(embedded_postgres.start(folder / "pg"), "ledger")
    ledger = Ledger(database)
    ledger.migrate()
    ledger.close()
    return os.environ | {
        "NEWSWATCH_CONFIG_DIR": str(folder), "NEWSWATCH_HOME": str(folder), "NEWSWATCH_DATA_URL": str(folder / "data"),
        "NEWSWATCH_DATABASE_URL": database, "NEWSWATCH_HOST_DELAY_SECONDS": "0",
    }  # fmt: skip


def show(name: str, cost: measuring.Cost, wanted: int) -> None:
    a_page = cost.cpu_s * 1000 / wanted
    print(f"{name:42} {cost.wall_s:7.1f} s wall {cost.cpu_s:7.1f} s CPU {a_page:7.1f} ms a page {cost.peak_mb:6.0f} MB")
    if cost.output and "poll" in name:
        print("   " + cost.output.strip().replace("\n", "\n   "))


if __name__ == "__main__":
    main()
