"""How well and how fast stories are extracted from real pages, beside other extractors in the same run.

    python benchmarks/extraction.py [--rounds 3]        (make bench installs what it compares with)

Pages and their texts: article-extraction-benchmark (scrapinghub, MIT), 181 pages, read from NEWSWATCH_CORPORA (default
../shared/corpora). Each extractor runs in a process of its own, the rounds in turn, so that a noisy machine is noisy
for all; pages a second are of one process, without start and imports, peak memory is the process's. Then how right
Newswatch and trafilatura are on all sets of extraction_sets.py, which says what is measured.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import extraction_sets
from extraction_sets import CORPORA, article_extraction_benchmark, body_of, f1, mean_score

WARM = 40  # pages that are not timed, in each process
Extract = Callable[[bytes, str], str]


def newswatch() -> Extract:
    from newswatch.pages import extractor

    return lambda body, url: extractor.parse(body, url=url, content_type="").text


def four_naive_calls() -> Extract:
    import lxml.html
    from htmldate import find_date
    from trafilatura import extract, extract_metadata

    def run(body: bytes, url: str) -> str:
        text = extract(body, url=url)
        extract_metadata(body, default_url=url)
        find_date(body, url=url, original_date=True)
        lxml.html.fromstring(body).xpath("//link[@rel='canonical']/@href")
        return text or ""

    return run


def trafilatura(**options: Any) -> Callable[[], Extract]:
    def make() -> Extract:
        from trafilatura import extract

        return lambda body, url: extract(body, url=url, include_comments=False, **options) or ""

    return make


def newspaper4k() -> Extract:
    import newspaper

    def run(body: bytes, url: str) -> str:
        article = newspaper.Article(url, fetch_images=False)  # no network
        article.download(input_html=body.decode("utf-8", "replace"))
        article.parse()
        return str(article.text)

    return run


def readability() -> Extract:
    import lxml.html
    from readability import Document

    def run(body: bytes, url: str) -> str:
        return "\n".join(lxml.html.fromstring(Document(body.decode("utf-8", "replace")).summary()).itertext())

    return run


EXTRACTORS: dict[str, Callable[[], Extract]] = {
    "Newswatch": newswatch,
    "four naive calls": four_naive_calls,
    "trafilatura, default": trafilatura(),
    "trafilatura, favor_precision": trafilatura(favor_precision=True),
    "newspaper4k": newspaper4k,
    "readability-lxml": readability,
}


def run_one(name: str) -> None:
    """In a process of its own: one extractor over all pages; prints seconds, memory and score as JSON."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    extract = EXTRACTORS[name]()
    pages = article_extraction_benchmark()
    bodies = {page.id: (body_of(page.path), page.url) for page in pages}
    texts, failed, seconds = {}, 0, 0.0
    for turn in ("warm", "timed"):  # tables and models are loaded at first use
        texts, failed, began = {}, 0, time.perf_counter()
        for key, (body, url) in bodies.items():
            if turn == "warm" and len(texts) == WARM:
                break
            try:
                texts[key] = extract(body, url)
            except Exception:  # newspaper4k wants more packages for Korean and Japanese
                failed += 1
        seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    score = mean_score(pages, [texts.get(page.id, "") for page in pages])
    print(json.dumps({"seconds": seconds, "memory": memory, "failed": failed, "score": score}))


def by_command_line() -> float:
    """Pages a second of `newswatch extract --manifest`, start and two parser processes included."""
    pages = article_extraction_benchmark()
    began = time.perf_counter()
    extraction_sets.newswatch(pages)
    return len(pages) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=EXTRACTORS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (CORPORA / "article-extraction-benchmark").is_dir():
        sys.exit(f"{CORPORA} has no article-extraction-benchmark. Set NEWSWATCH_CORPORA to the folder that holds it.")
    if options.one:
        return run_one(options.one)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in EXTRACTORS}
    for _ in range(options.rounds):
        for name in EXTRACTORS:
            command = [sys.executable, __file__, "--one", name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
                runs[name] = []
                continue
            runs[name].append(json.loads(done.stdout))
    report({name: found for name, found in runs.items() if found})
    print(f"\nnewswatch extract --manifest, start and both processes included: {by_command_line():.1f} pages/s")
    extraction_sets.report()
    return None


def report(runs: dict[str, list[dict[str, Any]]]) -> None:
    """A row an extractor; the ratio is the median over the rounds of Newswatch's speed to the other's of that round."""
    count = len(article_extraction_benchmark())
    ours = [run["seconds"] for run in runs["Newswatch"]]
    print(f"{count} pages, {len(ours)} rounds, {os.cpu_count()} cores\n")
    print(f"{'':30s}      P       R      F1  pages/s  peak MB  Newswatch is faster by")
    for name, found in runs.items():
        precision, recall = found[0]["score"]
        seconds = statistics.median(run["seconds"] for run in found)
        memory = max(run["memory"] for run in found)
        ratios = [run["seconds"] / mine for run, mine in zip(found, ours, strict=False)]
        failed = f"  ({found[0]['failed']} pages failed)" if found[0]["failed"] else ""
        print(
            f"{name:30s} {precision:.4f}  {recall:.4f}  {f1(precision, recall):.4f}  {count / seconds:7.1f}"
            f"  {memory:7.0f}  {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}){failed}"
        )


if __name__ == "__main__":
    main()
