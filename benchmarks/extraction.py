"""How well and how fast stories are extracted from real pages, beside other extractors in the same run.

    python benchmarks/extraction.py [--rounds 3]        (make bench installs what it compares with)

Pages and their texts: article-extraction-benchmark (scrapinghub, MIT), 181 pages, read from NEWSWATCH_CORPORA (default
../shared/corpora). Its score: per page precision and recall over 4-token shingles of the text, as multisets (nothing
found is nothing wrong: precision 1); the mean of each over all pages; F1 of the means. Each extractor runs in a process
of its own, the rounds in turn, so that a noisy machine is noisy for all; pages a second are of one process, without
start and imports, peak memory is the process's.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import re
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

CORPUS = Path(os.environ.get("NEWSWATCH_CORPORA", "../shared/corpora")) / "article-extraction-benchmark"
TOKEN = re.compile(r"\w+")
SHINGLE = 4
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


def shingles(text: str) -> Counter[tuple[str, ...]]:
    tokens = TOKEN.findall(text)
    return Counter(tuple(tokens[n : n + SHINGLE]) for n in range(max(1, len(tokens) - SHINGLE + 1)) if tokens)


def precision_and_recall(true: str, found: str) -> tuple[float, float]:
    wanted, got = shingles(true), shingles(found)
    common = (wanted & got).total()
    return common / got.total() if got else 1.0, common / wanted.total() if wanted else 1.0


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)


def pages() -> dict[str, dict[str, str]]:
    truth: dict[str, dict[str, str]] = json.loads((CORPUS / "ground-truth.json").read_text(encoding="utf-8"))
    return truth


def address(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def body_of(name: str) -> bytes:
    with gzip.open(CORPUS / "html" / f"{name}.html.gz") as file:
        return file.read()


def scores(texts: dict[str, str]) -> tuple[float, float]:
    pairs = [precision_and_recall(page["articleBody"], texts.get(name, "")) for name, page in pages().items()]
    return statistics.mean(p for p, _ in pairs), statistics.mean(r for _, r in pairs)


def run_one(name: str) -> None:
    """In a process of its own: one extractor over all pages; prints seconds, memory and score as JSON."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    extract = EXTRACTORS[name]()
    bodies = {key: (body_of(key), address(page["url"])) for key, page in pages().items()}
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
    print(json.dumps({"seconds": seconds, "memory": memory, "failed": failed, "score": scores(texts)}))


def by_command_line() -> tuple[float, float, float]:
    """Score and seconds of `newswatch extract --manifest`, start and two parser processes included."""
    manifest = "".join(
        json.dumps({"path": str(CORPUS / "html" / f"{name}.html.gz"), "url": address(page["url"])}) + "\n"
        for name, page in pages().items()
    )
    began = time.perf_counter()
    command = [sys.executable, "-m", "newswatch.cli", "extract", "--manifest", "-"]
    done = subprocess.run(command, input=manifest, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    found = (json.loads(line) for line in done.stdout.splitlines())
    return *scores({Path(f["path"]).name.removesuffix(".html.gz"): f.get("text", "") for f in found}), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=EXTRACTORS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (CORPUS / "ground-truth.json").exists():
        sys.exit(f"{CORPUS} is not here. Set NEWSWATCH_CORPORA to the folder that holds article-extraction-benchmark.")
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
    precision, recall, seconds = by_command_line()
    print(
        "\nnewswatch extract --manifest, learning from its pages; start and both processes count:\n"
        f"P {precision:.4f}  R {recall:.4f}  F1 {f1(precision, recall):.4f}  {len(pages()) / seconds:.1f} pages/s"
    )
    return None


def report(runs: dict[str, list[dict[str, Any]]]) -> None:
    """A row an extractor; the ratio is the median over the rounds of Newswatch's speed to the other's of that round."""
    count = len(pages())
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
