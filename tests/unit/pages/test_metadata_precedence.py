"""Which source is believed for names and language: by order."""

from __future__ import annotations

import pytest

from newswatch.pages import metadata_precedence
from newswatch.pages.model import Claim


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("json_ld", "Ann Lee"), ("json_ld", "Bo Kim"), ("meta", "Staff")], ("Ann Lee", "Bo Kim")),
        ([("meta", "By Ann Lee and Bo Kim")], ("Ann Lee", "Bo Kim")),
        ([("meta", "Ann Lee, Bo Kim")], ("Ann Lee", "Bo Kim")),
        ([("meta", "Reuters, Kyiv")], ("Reuters, Kyiv",)),
        ([("meta", "Олена Шевчук та Іван Бойко")], ("Олена Шевчук", "Іван Бойко")),
        ([("opengraph", "https://www.facebook.com/ledger"), ("feed", "Ann Lee")], ("Ann Lee",)),
        ([("meta", "ann@ledger.example"), ("link", "Ann Lee")], ("Ann Lee",)),
        ([("json_ld", "Ann Lee"), ("json_ld", "Ann Lee")], ("Ann Lee",)),
        ([], ()),
    ],
)
def test_authors_are_names_of_the_first_witness_who_gives_any(
    said: list[tuple[str, str]], expected: tuple[str, ...]
) -> None:
    claims = [Claim("author", source, name) for source, name in said]
    assert metadata_precedence.authors(claims)[0] == expected


def test_the_pages_own_lang_is_its_claim_before_metadata() -> None:
    said = [Claim("language", "opengraph", "en_US"), Claim("language", "html", "uk-UA")]
    assert metadata_precedence.language_claim(said) == "uk"
    assert metadata_precedence.language_claim(said[:1]) == "en"
    assert metadata_precedence.language_claim([Claim("language", "html", "ua")]) == "uk"
    assert metadata_precedence.language_claim([Claim("language", "html", "x")]) is None
