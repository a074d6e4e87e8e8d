"""Every file of feedparser's own tests, as it is and broken in many ways: none may crash, hang or end without a name.

The files are read where they lie (NEWSWATCH_CORPORA, else `../shared/corpora` beside the project) and stay in memory.
To see the figures: `pytest -m slow -o log_cli=true --log-level=INFO tests/quality/test_feed_corpus.py`.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import random
import tarfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import feedparser
import pytest

from newswatch.errors import ParseFailed
from newswatch.feeds import parser, strict_reader
from newswatch.feeds.repair import outline
from newswatch.sandbox.pool import ParserPool
from newswatch.text.charset import decoded

FILE_COUNT = 2106
FOLDER = Path(os.environ.get("NEWSWATCH_CORPORA") or Path(__file__).parents[3] / "shared" / "corpora")
ARCHIVE = FOLDER / "feedparser-tests" / "feeds.tar.xz"
NAMED = {"parsed", "not_a_feed", "unreadable"}
log = logging.getLogger(__name__)
pytestmark = pytest.mark.skipif(not ARCHIVE.exists(), reason="feedparser's test feeds are not here")


@dataclass(frozen=True)
class Result:
    outcome: str  # "parsed" or the reason of ParseFailed
    entry_count: int
    repair: str
    seconds: float
    detail: str


@pytest.fixture(scope="module")
def documents() -> dict[str, bytes]:
    with tarfile.open(ARCHIVE) as archive:
        files = [(m.name, archive.extractfile(m)) for m in archive if m.name.endswith(".xml")]
        return {name: file.read() for name, file in sorted(files, key=lambda f: f[0]) if file}


@pytest.fixture(scope="module")
def originals(documents: dict[str, bytes]) -> dict[str, Result]:
    return dict(zip(documents, results(documents.values()), strict=True))


def results(bodies: Iterable[bytes]) -> list[Result]:
    """What becomes of each body in one of two children that are killed at their deadline."""

    async def one(pool: ParserPool, body: bytes) -> Result:
        started = time.monotonic()
        arguments = {"feed_id": "f", "url": "https://example.com/feed", "content_type": "", "timezone": None}
        try:
            feed = await pool.feed(body, **arguments)
        except ParseFailed as failure:
            return Result(failure.reason, 0, "", time.monotonic() - started, str(failure))
        return Result("parsed", len(feed.entries), feed.repair, time.monotonic() - started, "")

    async def run() -> list[Result]:
        waiting = list(enumerate(bodies))[::-1]
        found: dict[int, Result] = {}

        async def work(pool: ParserPool) -> None:
            while waiting:
                number, body = waiting.pop()
                found[number] = await one(pool, body)

        with ParserPool(size=2, deadline_seconds=10, memory_bytes=1_000_000_000) as pool:
            await asyncio.gather(work(pool), work(pool))
        return [found[number] for number in sorted(found)]

    return asyncio.run(run())


def flipped(rng: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(rng: random.Random, body: bytes) -> bytes:
    return body[: rng.randrange(1, len(body) + 1)]


def cut_within(rng: random.Random, body: bytes) -> bytes:
    begin = rng.randrange(len(body))
    return body[:begin] + body[begin + rng.randint(1, 40) :]


def duplicated(rng: random.Random, body: bytes) -> bytes:
    begin = rng.randrange(len(body))
    end = begin + rng.randint(1, 200)
    return body[:end] + body[begin:]


def inserter(*values: bytes) -> Callable[[random.Random, bytes], bytes]:
    """Puts one of the values somewhere, three times of four into the text of an element."""

    def insert(rng: random.Random, body: bytes) -> bytes:
        places = [n + 1 for n, byte in enumerate(body) if byte == ord(">")]
        place = rng.choice(places) if places and rng.random() < 0.75 else rng.randrange(len(body) + 1)
        return body[:place] + rng.choice(values) + body[place:]

    return insert


def recoded(rng: random.Random, body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-16", "utf-16-le", "windows-1251", "iso-8859-1", "utf-32", "cp866")), "replace")


def wrongly_declared(rng: random.Random, body: bytes) -> bytes:
    names = (b"utf-16", b"windows-1251", b"us-ascii", b"punycode", b"hex", b"no-such-thing", b"shift_jis")
    end = body.find(b"?>") + 2 if body.startswith(b"<?xml") else 0
    return b'<?xml version="1.0" encoding="' + rng.choice(names) + b'"?>' + body[end:]


def tag_broken(rng: random.Random, body: bytes) -> bytes:
    places = [n for n, byte in enumerate(body) if byte in b'<>/"=']
    if not places:
        return body
    place = rng.choice(places)
    return body[:place] + rng.choice((b"", b"<", b"</", b"<![", b"<!", b'"', b"><")) + body[place + 1 :]


MUTATIONS: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "flipped": flipped,
    "cut": cut,
    "cut within": cut_within,
    "duplicated": duplicated,
    "control": inserter(b"\0", b"\x01", b"\x1f", b"\x0b", b"\xef\xbf\xbe", b"\xff", b"\x80"),
    "surrogate": inserter(b"&#xD800;", b"&#55357;&#56832;", b"&#xDFFF;", b"\xed\xa0\x80", b"&#xd83d;&#xde00;"),
    "reference": inserter(b"&#0;", b"&#x1F;", b"&#xFFFE;", b"&#x110000;", b"&#99999999999;", b"&nbsp;", b"&no;", b"&"),
    "recoded": recoded,
    "wrongly declared": wrongly_declared,
    "tag broken": tag_broken,
    "markup": inserter(
        b"<![", b"<![CDATA[", b"]]>", b"<!--", b"<!x", b"<?php", b"http://[", b"<a:b>", b"</item>", b"<item>"
    ),
    "before": lambda rng, body: rng.choice((b"\n\n", b"Warning: x\n", b"<br />\n", b"\xef\xbb\xbf\n", b"\0")) + body,
}  # fmt: skip


def mutated(body: bytes, seed: int) -> tuple[str, bytes]:
    """A copy with one to three faults; the same for the same seed."""
    rng = random.Random(seed)
    names = [rng.choice(list(MUTATIONS)) for _ in range(rng.choice((1, 1, 2, 3)))]
    for name in names:
        body = MUTATIONS[name](rng, body or b"<")
    return " + ".join(names), body


def makes_feedparser_raise(body: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        except Exception:
            return True
    return False


def check(documents: dict[str, bytes], originals: dict[str, Result], count: int) -> None:
    """Hold `count` mutated copies to the promise, and say what came of them.

    What made feedparser raise counts as rescued if it was parsed and gave at least one entry, or if the document gave
    none before it was broken. A name for the failure is no rescue.
    """
    names = list(documents)
    sources = [names[seed * 7919 % len(names)] for seed in range(count)]
    copies = [mutated(documents[name], seed) for seed, name in enumerate(sources)]
    found = results(body for _, body in copies)
    raising = {seed for seed, (_, body) in enumerate(copies) if makes_feedparser_raise(body)}

    def had(seed: int) -> bool:
        return originals[sources[seed]].entry_count > 0

    rescued = {n for n in raising if found[n].outcome == "parsed" and (found[n].entry_count or not had(n))}
    lost = [(sources[n], n, copies[n][0], found[n].outcome, found[n].detail) for n in sorted(raising - rescued)]
    kept = sum(had(n) and r.entry_count > 0 for n, r in enumerate(found))
    log.info("outcomes %s", dict(Counter((r.outcome, r.repair) for r in found)))
    log.info("feedparser raised on %d, rescued %d", len(raising), len(rescued))
    log.info("of %d with an entry before, %d have one after", sum(map(had, range(count))), kept)
    log.info("slowest %.2f s", max(r.seconds for r in found))
    log.info("not rescued: %s", lost[:40])
    unnamed = [(sources[n], n, copies[n][0], r) for n, r in enumerate(found) if r.outcome not in NAMED]
    assert unnamed == []
    assert len(raising) >= count // 100
    assert len(rescued) >= 0.9 * len(raising), lost[:20]


def test_every_file_ends_as_a_feed_or_as_a_named_failure(
    documents: dict[str, bytes], originals: dict[str, Result]
) -> None:
    assert len(documents) == FILE_COUNT
    assert {name: r for name, r in originals.items() if r.outcome not in NAMED} == {}
    log.info("outcomes %s", dict(Counter((r.outcome, r.repair) for r in originals.values())))


def test_what_the_strict_reader_takes_it_understands_as_feedparser_does(documents: dict[str, bytes]) -> None:
    """Every file, and 1,500 that were broken: the same entries, links, texts and dates as stated, field by field."""
    names = list(documents)
    copies = [mutated(documents[names[seed * 7919 % len(names)]], seed)[1] for seed in range(1500)]
    taken, wellformed, differing = 0, 0, []
    for number, body in enumerate((*documents.values(), *copies)):
        text = outline(decoded(body, "")[0], parser.MAX_ENTRIES).text
        tree = strict_reader.tree_of(text)
        wellformed += tree is not None
        ours = strict_reader.read(tree) if tree else None
        taken += ours is not None
        if ours and ours != parser._by_feedparser(text):
            differing.append(number)
    log.info("taken %d of %d that are well-formed", taken, wellformed)
    assert differing == []
    assert taken >= 600


def test_files_that_were_broken_in_fifteen_hundred_ways_too(
    documents: dict[str, bytes], originals: dict[str, Result]
) -> None:
    check(documents, originals, 1500)


@pytest.mark.slow
def test_files_that_were_broken_in_sixty_thousand_ways_too(
    documents: dict[str, bytes], originals: dict[str, Result]
) -> None:
    check(documents, originals, 60_000)
