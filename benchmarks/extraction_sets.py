"""How right stories, headlines and days are on three sets of real pages, beside trafilatura.

    python benchmarks/extraction_sets.py              (part of benchmarks/extraction.py)
    python benchmarks/extraction_sets.py --account    how much text of the stories' boxes is in no line, kept or cut

The sets are read from NEWSWATCH_CORPORA (default ../shared/corpora), each a folder with `html/` and its truth; one that
is not there is left out. Newswatch reads them as `newswatch extract --manifest` does, learning lines that recur on a
host from the set's own pages; trafilatura by `extract` and `extract_metadata` with their defaults, without comments.
"""

from __future__ import annotations

import copy
import gzip
import json
import logging
import os
import re
import statistics
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

CORPORA = Path(os.environ.get("NEWSWATCH_CORPORA", "../shared/corpora"))
TOKEN = re.compile(r"\w+")
CHARACTER = re.compile(r"\w")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
SEPARATOR = re.compile(r"\s[-–—|·•»]\s|\s?[|]\s?")
SHINGLE = 4
WORST = 10  # pages that are named
LOST_BELOW, HAD_ABOVE = 0.5, 0.8  # word F1 of ours and of trafilatura's, where a story counts as lost by us alone


@dataclass(frozen=True)
class Page:
    """A page and what is true of it; what the set does not say is empty. `texts`: any of them is right.

    `token`: of what its shingles are made.
    """

    id: str
    path: Path
    url: str
    texts: tuple[str, ...]
    title: str = ""
    published_at: datetime | None = None
    is_news: bool = False
    wanted: tuple[str, ...] = ()  # snippets that must be there
    unwanted: tuple[str, ...] = ()
    token: re.Pattern[str] = TOKEN


@dataclass(frozen=True)
class Found:
    """What an extractor makes of a page. `published`: ISO 8601, a day or a moment. `error`: why there is no story."""

    text: str = ""
    title: str = ""
    published: str = ""
    error: str = ""


@dataclass
class Rows:
    """Lines of a table: a name and one value an extractor."""

    lines: list[tuple[str, list[float]]] = field(default_factory=list)

    def add(self, name: str, values: Iterable[float]) -> None:
        self.lines.append((name, list(values)))


def body_of(path: Path) -> bytes:
    with gzip.open(path) as file:
        return file.read()


def address(url: str) -> str:
    return url if "://" in url else f"http://{url}"


# Measures


def shingles(text: str, token: re.Pattern[str] = TOKEN) -> Counter[tuple[str, ...]]:
    tokens = token.findall(text)
    return Counter(tuple(tokens[n : n + SHINGLE]) for n in range(max(1, len(tokens) - SHINGLE + 1)) if tokens)


def words(text: str) -> Counter[str]:
    return Counter(TOKEN.findall(text.casefold()))


def precision_and_recall(wanted: Counter[Any], got: Counter[Any]) -> tuple[float, float]:
    """Nothing found is nothing wrong: precision 1."""
    common = (wanted & got).total()
    return common / got.total() if got else 1.0, common / wanted.total() if wanted else 1.0


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def body_score(page: Page, text: str) -> tuple[float, float]:
    """Precision and recall over shingles of four tokens; of several truths the one that scores best."""
    got = shingles(text, page.token)
    pairs = [precision_and_recall(shingles(true, page.token), got) for true in page.texts]
    return max(pairs, key=lambda pair: f1(*pair))


def mean_score(pages: Sequence[Page], texts: Sequence[str]) -> tuple[float, float]:
    pairs = [body_score(page, text) for page, text in zip(pages, texts, strict=True)]
    return statistics.mean(p for p, _ in pairs), statistics.mean(r for _, r in pairs)


def word_f1(page: Page, text: str) -> float:
    return f1(*precision_and_recall(words(page.texts[0]), words(text)))


def has(text: str, snippet: str) -> bool:
    return f" {' '.join(TOKEN.findall(snippet.casefold()))} " in f" {' '.join(TOKEN.findall(text.casefold()))} "


def is_day_right(page: Page, published: str) -> bool:
    """Whether the day is that of the truth's moment, in the truth's own offset; one without a time may be UTC's too."""
    if not published or page.published_at is None:
        return False
    true = page.published_at
    if len(published) == len("2026-11-22"):
        return date.fromisoformat(published) in (true.date(), true.astimezone(UTC).date())
    return _moment(published).astimezone(true.tzinfo).date() == true.date()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def letters(text: str) -> str:
    return "".join(CHARACTER.findall(text.casefold()))


def is_title_acceptable(page: Page, title: str) -> bool:
    """Whether it is the truth, or a headline that the page states, with or without its kicker; never with the site's
    name, unless the truth has that."""
    ours = letters(title)
    if not ours or ours == letters(page.title):
        return bool(ours)
    tree = _tree(page)
    names = {letters(name) for name in (*_contents(tree, "og:site_name"), *address(page.url).split("/")[2].split("."))}
    parts = {letters(part) for part in SEPARATOR.split(title)}
    if parts & names and not {letters(part) for part in SEPARATOR.split(page.title)} & names:
        return False
    stated = [letters(headline) for headline in _headlines(tree)]
    return any(ours == s or (s.endswith(ours) and 2 * len(ours) > len(s)) for s in stated)


def _tree(page: Page) -> Any:
    import lxml.html
    from trafilatura.utils import decode_file

    return lxml.html.fromstring(decode_file(body_of(page.path)))


def _contents(tree: Any, name: str) -> list[str]:
    return [str(c) for c in tree.xpath("//meta[@property=$name or @name=$name]/@content", name=name)]


def _headlines(tree: Any) -> list[str]:
    """Those of h1, OpenGraph, Twitter and JSON-LD."""
    scripts = tree.xpath("//script[@type='application/ld+json']/text()")
    json_ld = (m for text in scripts for m in re.findall(r'"headline"\s*:\s*("(?:[^"\\]|\\.)*")', text))
    found = [" ".join(h1.text_content().split()) for h1 in tree.iter("h1")]
    found += _contents(tree, "og:title") + _contents(tree, "twitter:title")
    return found + [json.loads(text, strict=False) for text in json_ld]


# Extractors


def newswatch(pages: Sequence[Page]) -> list[Found]:
    manifest = "".join(json.dumps({"path": str(page.path), "url": page.url}) + "\n" for page in pages)
    command = [sys.executable, "-m", "newswatch.cli", "extract", "--manifest", "-"]
    done = subprocess.run(command, input=manifest, capture_output=True, text=True, check=True)
    rows = map(json.loads, done.stdout.strip().split("\n"))  # texts have line separators of their own
    return [Found(*(row.get(name) or "" for name in ("text", "title", "published_at", "error"))) for row in rows]


def trafilatura(pages: Sequence[Page]) -> list[Found]:
    from trafilatura import extract, extract_metadata

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    found = []
    for page in pages:
        body = body_of(page.path)
        text = extract(body, url=page.url, include_comments=False) or ""
        said = extract_metadata(body, default_url=page.url)
        found.append(Found(text, said.title or "", said.date or "") if said else Found(text))
    return found


EXTRACTORS: dict[str, Callable[[Sequence[Page]], list[Found]]] = {"Newswatch": newswatch, "trafilatura": trafilatura}


# Sets


def article_extraction_benchmark() -> list[Page]:
    folder = CORPORA / "article-extraction-benchmark"
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    return [
        Page(name, folder / "html" / f"{name}.html.gz", address(page["url"]), (page["articleBody"],))
        for name, page in truth.items()
    ]


def fundus_half() -> list[Page]:
    return [
        Page(
            id=_id(row),
            path=CORPORA / "fundus-half" / row["file"],
            url=row["url"],
            texts=(row["text"], row["text_without_standfirst"]),
            title=row["title"],
            published_at=_moment(row["published_at"]),
            token=CHARACTER if len(CJK.findall(row["text"])) > len(row["text"]) / 4 else TOKEN,
        )
        for row in _rows("fundus-half")
    ]


def wcxb_dev() -> list[Page]:
    return [
        Page(
            id=_id(row),
            path=CORPORA / "wcxb-dev" / row["file"],
            url=row["url"],
            texts=(row["text"],),
            is_news=row["is_news"],
            wanted=tuple(row["with"]),
            unwanted=tuple(row["without"]),
        )
        for row in _rows("wcxb-dev")
    ]


def _rows(folder: str) -> list[dict[str, Any]]:
    with (CORPORA / folder / "truth.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _id(row: dict[str, Any]) -> str:
    return Path(row["file"]).name.removesuffix(".html.gz")


def of_bodies(pages: Sequence[Page], found: Sequence[Sequence[Found]]) -> Rows:
    rows, scores = Rows(), [mean_score(pages, [f.text for f in by]) for by in found]
    rows.add("body precision", (precision for precision, _ in scores))
    rows.add("body recall", (recall for _, recall in scores))
    rows.add("body F1", (f1(*score) for score in scores))
    return rows


def of_bodies_titles_and_days(pages: Sequence[Page], found: Sequence[Sequence[Found]]) -> Rows:
    rows = of_bodies(pages, found)
    rows.add("title acceptable", (_share(map(is_title_acceptable, pages, (f.title for f in by))) for by in found))
    rows.add("day right", (_share(map(is_day_right, pages, (f.published for f in by))) for by in found))
    return rows


def of_words_and_snippets(pages: Sequence[Page], found: Sequence[Sequence[Found]]) -> Rows:
    rows, scores = Rows(), [[word_f1(page, f.text) for page, f in zip(pages, by, strict=True)] for by in found]
    news = [number for number, page in enumerate(pages) if page.is_news]
    rows.add("word F1", map(statistics.mean, scores))
    rows.add(f"word F1, {len(news)} of news", (statistics.mean(by[number] for number in news) for by in scores))
    for name, snippets, is_wanted in (
        ("snippets that must be there", lambda page: page.wanted, True),
        ("snippets that must not, absent", lambda page: page.unwanted, False),
    ):
        told = [
            [has(f.text, snippet) is is_wanted for page, f in zip(pages, by, strict=True) for snippet in snippets(page)]
            for by in found
        ]
        rows.add(name, map(_share, told))
    return rows


def lost(pages: Sequence[Page], ours: Sequence[Found], theirs: Sequence[Found]) -> list[str]:
    """Ids of pages whose story trafilatura has and we have not, with the outcome where we say that there is none."""
    return [
        f"{page.id} ({our.error.partition(':')[0]})" if our.error else page.id
        for page, our, their in zip(pages, ours, theirs, strict=True)
        if word_f1(page, our.text) < LOST_BELOW and word_f1(page, their.text) > HAD_ABOVE
    ]


def _share(values: Iterable[bool]) -> float:
    return statistics.mean(map(float, values))


SETS = (
    (
        "article-extraction-benchmark",
        article_extraction_benchmark,
        of_bodies,
        "Per page precision and recall over 4-token shingles of the text, as multisets; their means; F1 of the means.",
    ),
    (
        "fundus-half",
        fundus_half,
        of_bodies_titles_and_days,
        "Body: the same score, of the better of the text with and without standfirst; Chinese, Japanese, Korean over\n"
        "characters. Title: the truth, or a headline that the page states, with or without kicker, never with the\n"
        "site's name. Day: that of the truth's moment.",
    ),
    (
        "wcxb-dev",
        wcxb_dev,
        of_words_and_snippets,
        "Per page F1 over words as multisets, letter case apart; the mean. Snippets: share of all, by their words.",
    ),
)


def report() -> None:
    """Print every set that is there: its measures for each extractor, what they mean, and the stories that are lost."""
    for name, read, measure, meaning in SETS:
        if not (CORPORA / name).is_dir():
            print(f"\n{name}: {CORPORA / name} is not here")
            continue
        pages = read()
        found = [extract(pages) for extract in EXTRACTORS.values()]
        print(f"\n{name}, {len(pages)} pages\n{meaning}\n\n{'':32s}" + "".join(f"{by:>12s}" for by in EXTRACTORS))
        for label, values in measure(pages, found).lines:
            print(f"{label:32s}" + "".join(f"{value:12.4f}" for value in values))
        gone = lost(pages, *found)
        print(f"lost, and had by trafilatura: {len(gone)}{': ' if gone else ''}{', '.join(gone)}")


# Account


def unaccounted(body: bytes, url: str) -> tuple[Counter[str], int]:
    """Words of the story's box that stand in no line, kept or cut, and the characters of all words of the box."""
    from newswatch.pages import extractor, html_tree, metadata
    from newswatch.text import mojibake

    tree = html_tree.tree_of(body, "")
    if tree is None:
        return Counter(), 0
    claims = metadata.read(tree, url)
    html_tree.strip_unseen(tree)
    for number, element in enumerate(tree.iter()):
        element.set("data-number", str(number))
    before = copy.deepcopy(tree)
    lines, box = extractor.story_lines(tree, claims)
    if box is None:
        return Counter(), 0
    known = next(e.get("data-number") for e in (box, *box.iterancestors()) if e.get("data-number"))
    whole = next(e for e in before.iter() if e.get("data-number") == known)
    in_box = Counter(TOKEN.findall(mojibake.mended(html_tree.line_of(whole))))
    return in_box - Counter(TOKEN.findall(" ".join(line.text for line in lines))), characters(in_box)


def characters(words: Counter[str]) -> int:
    return sum(len(word) * count for word, count in words.items())


def report_account() -> None:
    """Print for every set that is there the characters of all boxes, of those in no line, and the worst pages."""
    logging.disable(logging.CRITICAL)
    for name, read, _, _ in SETS:
        if not (CORPORA / name).is_dir():
            print(f"{name}: {CORPORA / name} is not here")
            continue
        found = {page.id: unaccounted(body_of(page.path), page.url) for page in read()}
        lost = {id_: size for id_, (missing, _) in found.items() if (size := characters(missing))}
        total, count = sum(size for _, size in found.values()), sum(lost.values())
        print(f"{name}: of {total} characters in the stories' boxes {count} are in no line, on {len(lost)} pages")
        for id_ in sorted(lost, key=lambda id_: -lost[id_])[:WORST]:
            print(f"    {lost[id_]:6d}  {id_}: {' '.join(list(found[id_][0].elements())[:12])}")


if __name__ == "__main__":
    report_account() if sys.argv[1:] == ["--account"] else report()
