"""Lists of addresses as users have them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from newswatch.errors import ConfigError
from newswatch.history.url_lists import ListedPage, read


def test_one_address_a_line() -> None:
    text = "\ufeff# mine\nhttps://a.example/1\n\n  https://a.example/2  \r\n"
    assert [entry.url for entry in read(text, "pages.txt")] == ["https://a.example/1", "https://a.example/2"]


def test_csv_in_the_order_of_its_first_line() -> None:
    text = 'date,url,title\n2026-09-14,https://a.example/1,"Ships, and grain"\n2026-09-14 23:30,https://a.example/2,\n'
    assert read(text, "pages.csv", "Europe/Kyiv") == (
        ListedPage(
            "https://a.example/1",
            "Ships, and grain",
            published_at=datetime(2026, 9, 13, 21, tzinfo=UTC),
            published_day=date(2026, 9, 14),
        ),
        ListedPage("https://a.example/2", published_at=datetime(2026, 9, 14, 20, 30, tzinfo=UTC)),
    )


def test_every_wrong_line_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        read("url,date\na.example/1,\nhttps://a.example/2,soon\nftp://a.example/3,\n", "pages.csv")
    assert [problem.split(": ")[0] for problem in error.value.problems] == ["pages.csv:2", "pages.csv:3", "pages.csv:4"]
    with pytest.raises(ConfigError, match="names no address"):
        read("\n# nothing\n", "pages.csv")
    with pytest.raises(ConfigError, match="30 more lines"):
        read("\n".join(["x"] * 50), "pages.csv")


def test_an_address_with_commas_or_quotes_is_one_address() -> None:
    text = 'https://a.example/7,75399,title.html\nhttps://a.example/b,2026-09-14\n"https://a.example/2\nhttps://a.example/3\n'
    with pytest.raises(ConfigError, match=r"pages\.txt:3") as error:
        read(text, "pages.txt")
    assert len(error.value.problems) == 1
    found = [entry.url for entry in read(text.replace('"', ""), "pages.txt")]
    assert found[:2] == ["https://a.example/7,75399,title.html", "https://a.example/b,2026-09-14"]


def test_a_quote_that_is_not_closed_spoils_its_own_line_alone() -> None:
    text = 'url,title\nhttps://a.example/1,"Ships\n' + "https://a.example/2,Grain\n" * 10_000
    assert len(read(text, "pages.csv")) == 10_001
