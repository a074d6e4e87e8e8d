"""Polling 2,000 feeds on loopback, beside a bare client of the same library and feedparser.parse(url) in threads.

    .venv/bin/python benchmarks/poll.py [--feeds 2000] [--rounds 3]

Each line of the result is a process of its own: wall time, CPU (its children included, PostgreSQL apart) and the peak
of its whole tree's memory (PSS: what processes share counts once). Every feed has a host name of its own, so that the
pause between two requests to one host, which stays on, costs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import measuring

# Heavy libraries are imported where they are used: each run measures what it needs, and nothing of its rivals.

ENTRIES = 30
TEXT = "the harbour board met on tuesday and heard three reports on the state of the quay and members asked for figures"
WORDS = TEXT.split()


def feed(number: int, version: int, port: int) -> bytes:
    """A feed of 30 entries; each version has one new entry on top."""
    items = []
    for n in range(version + ENTRIES, version, -1):
        text = " ".join(WORDS[(n * 7 + i) % len(WORDS)] for i in range(40))
        link = f"http://f{number}.localhost:{port}/story/{n}"
        items.append(
            f"<item><title>Story {n} of feed {number}</title><link>{link}</link><guid>{link}</guid>"
            f"<pubDate>Sun, 22 Nov 2026 {n // 60 % 24:02d}:{n % 60:02d}:00 GMT</pubDate>"
            f"<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
        )
    head = f"<title>Feed {number}</title><link>http://f{number}.localhost:{port}/</link><description>-</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


def serve(count: int) -> None:
    """Serve the feeds until standard input ends. A line `n` on it changes the first n feeds; `etag` turns tags on."""
    from aiohttp import web

    versions = [0] * count
    state = {"etag": False, "port": 0}

    async def handle(request: web.Request) -> web.Response:
        number = int(request.host.split(".")[0].removeprefix("f"))
        tag = f'"{versions[number]}"'
        if state["etag"] and request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        headers = {"ETag": tag} if state["etag"] else {}
        body = feed(number, versions[number], int(state["port"]))
        return web.Response(body=body, content_type="application/rss+xml", headers=headers)

    def obey(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        for line in sys.stdin:
            if line.strip() == "etag":
                state["etag"] = True
            else:
                for number in range(int(line)):
                    versions[number] += 1
            print("done", flush=True)
        loop.call_soon_threadsafe(stop.set)

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/rss", handle)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        state["port"] = runner.addresses[0][1]
        print(state["port"], flush=True)
        stop = asyncio.Event()
        threading.Thread(target=obey, args=(asyncio.get_running_loop(), stop), daemon=True).start()
        await stop.wait()
        await runner.cleanup()

    asyncio.run(run())


def urls(count: int, port: int) -> list[str]:
    return [f"http://f{n}.localhost:{port}/rss" for n in range(count)]


def run_newswatch(folder: Path) -> None:
    """One poll of all feeds, by the verb that the DAG calls."""
    from newswatch.pipeline import open_newswatch, plan_poll, poll
    from newswatch.settings import Settings

    settings = Settings.model_validate(json.loads((folder / "settings.json").read_text()))
    nw = open_newswatch(settings)
    (shard,) = plan_poll(nw, 1, only_due=False)
    began = time.perf_counter()
    report = poll(nw, shard.feed_ids, "benchmark")
    print(json.dumps({"verb_s": round(time.perf_counter() - began, 3), "outcomes": report.feed_outcomes}))
    nw.close()


def run_bare(addresses: list[str]) -> None:
    """The same library, the same number of connections, nothing else."""
    import aiohttp

    from newswatch.net.client import MAX_CONNECTIONS

    names = {"count": 0, "bytes": 0}

    class Loopback(aiohttp.ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
            return await super().resolve("127.0.0.1", port, family)

    async def run() -> None:
        connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, force_close=True, resolver=Loopback())
        async with aiohttp.ClientSession(connector=connector) as session:

            async def get(url: str) -> None:
                async with session.get(url) as answer:
                    names["bytes"] += len(await answer.read())
                    names["count"] += 1

            await asyncio.gather(*(get(url) for url in addresses))

    began = time.perf_counter()
    asyncio.run(run())
    print(json.dumps({"verb_s": round(time.perf_counter() - began, 3), "outcomes": names}))


def run_feedparser(addresses: list[str]) -> None:
    """feedparser's own fetching in 32 threads; the name is looked up by the proxyless system, so by address here."""
    import re

    import feedparser

    began = time.perf_counter()

    def get(url: str) -> int:
        number, port = re.match(r"http://f(\d+)\.localhost:(\d+)", url).groups()  # type: ignore[union-attr]
        parsed = feedparser.parse(
            f"http://127.0.0.1:{port}/rss", request_headers={"Host": f"f{number}.localhost:{port}"}
        )
        return len(parsed.entries)

    with ThreadPoolExecutor(32) as pool:
        entries = sum(pool.map(get, addresses))
    print(json.dumps({"verb_s": round(time.perf_counter() - began, 3), "outcomes": {"entries": entries}}))


def measure(*arguments: str) -> dict[str, Any]:
    """Run this file with the arguments; figures of its process tree."""
    cost = measuring.run([sys.executable, __file__, *arguments])
    figures = {"wall_s": round(cost.wall_s, 2), "cpu_s": round(cost.cpu_s, 2), "peak_mb": round(cost.peak_mb)}
    return json.loads(cost.output.splitlines()[-1]) | figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument(
        "--rounds", type=int, default=3, help="of what can be repeated: unchanged polls and bare client"
    )
    parser.add_argument("--run", choices=["serve", "newswatch", "bare", "feedparser"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    if options.run == "serve":
        serve(options.feeds)
    elif options.run == "newswatch":
        run_newswatch(options.folder)
    elif options.run == "bare":
        run_bare(urls(options.feeds, options.port))
    elif options.run == "feedparser":
        run_feedparser(urls(options.feeds, options.port))
    else:
        compare(options.feeds, options.rounds)


def compare(count: int, rounds: int) -> None:
    from newswatch.storage import embedded_postgres

    with tempfile.TemporaryDirectory(prefix="nwb-") as name:
        folder = Path(name)
        server = subprocess.Popen(
            [sys.executable, __file__, "--run", "serve", "--feeds", str(count)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdin
        assert server.stdout
        port = int(server.stdout.readline())

        def tell(line: object) -> None:
            print(line, file=server.stdin, flush=True)
            server.stdout.readline()  # type: ignore[union-attr]

        setup(folder, count, port)
        ours = ("--run", "newswatch", "--folder", str(folder))
        theirs = ("--feeds", str(count), "--port", str(port), "--run")
        rows: list[tuple[str, dict[str, Any]]] = [("newswatch, first poll: all new", measure(*ours))]
        for _ in range(rounds):
            rows.append(("bare aiohttp, all bodies", measure(*theirs, "bare")))
            rows.append(("newswatch, nothing changed, no validators", measure(*ours)))
        tell("etag")
        tell(count)  # one more version, so that the tags are learnt with it
        rows.append(("newswatch, one new entry in each", measure(*ours)))
        for _ in range(rounds):
            rows.append(("bare aiohttp, all bodies", measure(*theirs, "bare")))
            rows.append(("newswatch, nothing changed, 304", measure(*ours)))
        tell(count // 5)
        rows.append(("newswatch, a fifth changed", measure(*ours)))
        rows.append(("feedparser.parse(url), 32 threads", measure(*theirs, "feedparser")))
        server.stdin.close()
        server.wait()
        embedded_postgres.stop(folder / "pg")
    show(rows, count)


def setup(folder: Path, count: int, port: int) -> None:
    import yaml

    from newswatch.ledger import Ledger
    from newswatch.storage import embedded_postgres

    feeds = [
        {"id": f"f{n}", "outlet": f"Outlet {n}", "url": url, "language": "en", "allow_private": True}
        for n, url in enumerate(urls(count, port))
    ]
    (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}))
    shipped = Path(__file__).parents[1] / "include" / "topics.yaml"
    (folder / "topics.yaml").write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    settings = {
        "config_dir": str(folder),
        "home": str(folder),
        "data_url": str(folder / "data"),
        "database_url": embedded_postgres.database(embedded_postgres.start(folder / "pg"), "ledger"),
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    ledger = Ledger(settings["database_url"])
    ledger.migrate()  # once for an installation, not for a poll
    ledger.close()


def show(rows: list[tuple[str, dict[str, Any]]], count: int) -> None:
    print(f"{'':44} {'poll s':>8} {'wall s':>8} {'CPU s':>8} {'CPU ms/feed':>12} {'peak MB':>8}  outcomes")
    for name, row in rows:
        a_feed = 1000 * row["cpu_s"] / count
        figures = f"{row['verb_s']:8.2f} {row['wall_s']:8.2f} {row['cpu_s']:8.2f} {a_feed:12.2f} {row['peak_mb']:8d}"
        print(f"{name:44} {figures}  {row['outcomes']}")


if __name__ == "__main__":
    main()
