"""What is agreed with a publisher: secrets come from the environment, and no message repeats one."""

from __future__ import annotations

from pathlib import Path

import pytest

from newswatch.config import feed_access
from newswatch.config.catalogue import Feed, parse_catalogue, read_text
from newswatch.errors import ConfigError

FEEDS = """\
feeds:
  - id: one
    outlet: The One
    url: https://example.com/rss
    language: en
"""
TOPICS = """\
topics:
  - id: quay
    name: Quay
    description: The quay.
    terms:
      - text: harbour quay
    examples:
      match: [At the harbour quay.]
      no_match: [At the station.]
"""


def feed(lines: str) -> Feed:
    text = FEEDS + "".join(f"    {line}\n" for line in lines.splitlines())
    return parse_catalogue(text, TOPICS).feeds[0]


SECRET = "hush4711hush4711hush"


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (f"headers:\n  X-Api-Key: {SECRET}", "`X-Api-Key: ${NAME}`"),
        ("headers:\n  X-Api-Key: 4711", "X-Api-Key"),
        (f"headers:\n  X-Note: {SECRET}", "`X-Note: ${NAME}`"),
        (f"headers:\n  X-Note: [{SECRET}]", "X-Note"),
        (f"headers:\n  Authorization: Bearer {SECRET}", "`bearer: ${NAME}`"),
        (f"headers: {SECRET}", "`X-Api-Key: ${NAME}`"),
        ("headers:\n  User-Agent: Mozilla", "never disguised"),
        ("headers:\n  Cookie: ${COOKIE}", "never disguised"),
        (f"headers:\n  X {SECRET}: 1", "letters, digits and hyphens"),
        (f"auth:\n  bearer: {SECRET}", "`bearer: ${NAME}`"),
        ("auth:\n  bearer: 4711", "`bearer: ${NAME}`"),
        (f"auth:\n  user: desk\n  password: {SECRET}", "`password: ${NAME}`"),
        (f"auth:\n  token: {SECRET}", "`bearer: ${NAME}`"),
        (f"auth: {SECRET}", "`bearer: ${NAME}`"),
        ("auth:\n  user: a:b\n  password: ${P}", "colon"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_never_repeated(lines: str, named: str) -> None:
    with pytest.raises(ConfigError) as error:
        feed(lines)
    (problem,) = error.value.problems
    assert problem.startswith("feeds.yaml:6: feeds: 'one': ")
    assert named in problem
    assert SECRET not in problem
    assert "4711" not in problem


@pytest.mark.parametrize(
    "lines",
    [
        f'auth:\n  bearer: "{SECRET}',
        f"auth:\n  bearer: @{SECRET}",
        f"auth:\n  bearer: *{SECRET}",
        f"auth:\n  bearer: {{{SECRET}",
        f"auth:\n  bearer: {SECRET}: x",
        f"auth:\n  bearer: {SECRET}\n  bearer: {SECRET}",
        f"auth:\n   bearer: a\n password: {SECRET}",
        f"headers:\n\tX-Api-Key: {SECRET}",
        f"headers: {{X-Api-Key: {SECRET}: x}}",
    ],
)
def test_a_line_that_yaml_cannot_read_is_not_repeated_where_a_secret_may_stand(lines: str) -> None:
    with pytest.raises(ConfigError) as error:
        feed(lines)
    assert SECRET not in str(error.value.problems)
    assert "Correct it by hand" in error.value.problems[0]


def test_nor_is_one_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    for line, is_shown in ((f"    auth:\n      bearer: {SECRET}\xe9", False), ("    outlet: Caf\xe9", True)):
        path.write_bytes((FEEDS + line + "\n").encode("latin-1"))
        with pytest.raises(ConfigError, match="no UTF-8") as error:
            read_text(path)
        assert ("seems to say" in error.value.problems[0]) is is_shown
        assert SECRET not in error.value.problems[0]


def test_secrets_are_filled_in_from_the_environment() -> None:
    agreed = feed("headers:\n  From: desk@example.org\n  X-Api-Key: ${KEY}\n  X-Agreed: Token ${KEY}")
    assert feed_access.request_headers(agreed, {"KEY": f"{SECRET}\n"}) == {
        "From": "desk@example.org",
        "X-Api-Key": SECRET,
        "X-Agreed": f"Token {SECRET}",
    }
    bearer = feed("auth:\n  bearer: ${KEY}")
    assert feed_access.request_headers(bearer, {"KEY": SECRET}) == {"Authorization": f"Bearer {SECRET}"}
    basic = feed("auth:\n  user: desk\n  password: ${KEY}")
    # RFC 7617, section 2: Aladdin
    assert feed_access.request_headers(basic, {"KEY": "open sesame"}) == {
        "Authorization": "Basic ZGVzazpvcGVuIHNlc2FtZQ=="
    }
    assert feed_access.request_headers(feed(""), {}) == {}


@pytest.mark.parametrize("value", [None, "", " ", f"{SECRET}\nHost: x", f"{SECRET}\x00", f"{SECRET}é"])
def test_a_variable_that_is_missing_or_no_header_is_named_without_its_value(value: str | None) -> None:
    environ = {} if value is None else {"KEY": value}
    with pytest.raises(feed_access.MissingSecret, match="environment variable KEY") as error:
        feed_access.request_headers(feed("auth:\n  bearer: ${KEY}"), environ)
    assert SECRET not in str(error.value)
