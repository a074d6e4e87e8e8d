"""Text that was encoded or escaped twice is set right, and no other text is touched."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from ftfy.badness import BADNESS_RE

from newswatch.feeds import parser
from newswatch.pages import extractor
from newswatch.text import mojibake
from newswatch.text.mojibake import mended, unescaped

PROJECT = Path(__file__).parents[3]
RIGHT_TEXTS = (
    *(PROJECT / "include" / "newsroom" / "texts").rglob("*.txt"),
    *(PROJECT / "tests" / "quality").rglob("*.txt"),
    *(PROJECT / "tests" / "quality" / "sentences").glob("*.jsonl"),
    *(PROJECT / "tests" / "golden" / "pages").glob("*.yaml"),
    PROJECT / "include" / "topics.yaml",
    PROJECT / "include" / "newswatch" / "pages" / "phrases.toml",
)
WORDS = [
    "Луганск",
    "Präsident geht – „endlich“",
    "Café à la crème",
    "L’État",
    "اجتماع",
    "東京の港",
    "“Quay” is shut — again",
]


@pytest.mark.parametrize("words", WORDS)
def test_what_was_encoded_twice_is_set_right(words: str) -> None:
    assert mended(words.encode().decode("latin-1")) == words


def test_windows_1252_is_known_too() -> None:
    assert mended("Ð”Ð¾Ð½ÐµÑ†ÑŒÐº â€” the news") == "Донецьк — the news"


def test_one_part_of_a_text_may_be_encoded_twice() -> None:
    assert mended(f"{'Луганск'.encode().decode('latin-1')} — the news") == "Луганск — the news"


def test_no_right_text_is_changed() -> None:
    lines = [line for path in RIGHT_TEXTS for line in path.read_text("utf-8").splitlines() if not line.isascii()]
    assert len(lines) > 2000
    assert [line for line in lines if mended(line) != line] == []


@pytest.mark.parametrize(
    "text", ["don’t “quote” me", "ﬁne", "ＦＵＬＬ", "e\u0301", "a\u2028b", "½ … №5", "SÃO PAULO", "naïve"]
)
def test_nothing_else_is_rewritten(text: str) -> None:
    assert mended(text) == text


def test_suspicion_is_ftfys_own() -> None:
    rng = Random(7)
    letters = [*sorted({c for c in BADNESS_RE.pattern if ord(c) > 127}), *"abcXYZ  .'\"1\n\t\xa0\u3000\x85яЯѣї"]
    suspicion = mojibake._suspicion()
    texts = ["".join(rng.choices(letters, k=rng.randint(2, 6))) for _ in range(20_000)]
    suspected = [text for text in texts if suspicion.search(text)]
    assert suspected == [text for text in texts if BADNESS_RE.search(text)]
    assert 2_000 < len(suspected) < 18_000


def test_references_that_were_escaped_twice_are_resolved() -> None:
    assert unescaped("Bo &amp; Kim &quot;meet&quot; at &#8216;the quay&#x2019; &unknown; A&B; R&D") == (
        'Bo & Kim "meet" at ‘the quay’ &unknown; A&B; R&D'
    )


def test_feeds_and_pages_are_read_so() -> None:
    right, wrong = "Донецьк", "Ð”Ð¾Ð½ÐµÑ†ÑŒÐº"
    item = f"<item><title>{wrong} &amp;amp;amp; more</title><description>{wrong}</description></item>"
    body = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{item}</channel></rss>'.encode()
    entry = parser.parse(body, feed_id="f", url="https://a.example/f", content_type="", timezone=None).entries[0]
    assert (entry.title, entry.summary) == (f"{right} & more", right)
    prose = "<p>The board met on Tuesday and heard three reports on the state of the quay and its cranes.</p>" * 3
    html = (
        f"<html><title>{wrong}</title><body><article><h1>{wrong}</h1><p>{wrong}, it says.</p>{prose}</article></body>"
    )
    page = extractor.parse(html.encode(), url="https://a.example/1", content_type="text/html; charset=utf-8")
    assert f"{right}, it says." in [line.text for line in page.lines]
    assert {claim.value for claim in page.claims if claim.field == "title"} == {right}
