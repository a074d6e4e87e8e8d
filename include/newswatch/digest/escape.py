"""Escaping of untrusted text: for Markdown, for spreadsheets, for links. HTML is escaped by its templates."""

from __future__ import annotations

import re

from markupsafe import Markup

_ANYWHERE = r"[\\`*_{}\[\]|~>@]|/(?=/)"
_AT_BEGINNING = r"(?<![^\s])(?:[#+=:-]|(?<=\d)[.)])"  # of a line, and to be sure of a word: headings, lists, rules
_IN_ADDRESSES = r":(?=\S)|(?<=\w\w)\.(?=\w\w)"  # of which readers make links by themselves; `1.5` and `U.S.` are none
_ORDERED = r"(?<=\d)[.)](?=\s|$)"  # a number that begins a list
_MARKDOWN = re.compile(rf"({_ANYWHERE}|{_AT_BEGINNING}|{_IN_ADDRESSES}|{_ORDERED})")
_LINE_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_IN_LINKS = re.compile(r"[\s()<>\\`\"'\[\]]")
# What a spreadsheet reads as a formula: at a cell's beginning, or where another separator or a line break makes one.
# The full-width signs count: Excel for Japanese and Chinese takes them for the plain ones.
_FORMULA = re.compile(r"(^|[;\t\r\n])((?:[^\S\t\r\n]|[\"'])*)(?=[=+\-@＝＋－＠])")


def markdown(value: object) -> str:
    """The text with everything that Markdown, or HTML in it, would act on made inert; in one line.

    Full stops, colons and two slashes too where they matter: `1.` begins a list, and many readers make links of
    `https://`, `example.org` and `//localhost` by themselves.
    """
    escaped = _MARKDOWN.sub(r"\\\1", _LINE_BREAKS.sub(" ", str(value)))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")


def markdown_address(value: str) -> str:
    """`web_address` as Markdown has to say it: a reference such as `&copy;` would be read as its character."""
    return web_address(value).replace("&", "&amp;")


def cell(value: object) -> object:
    """The text as a spreadsheet shows it: what it would take for a formula gets an apostrophe before it (OWASP, "CSV
    injection"). Numbers stay numbers."""
    return _FORMULA.sub(r"\1'\2", value) if isinstance(value, str) else value


def isolated(value: object) -> Markup:
    """The text in an element whose direction is its own: beside Hebrew or Arabic, ours would else change its order."""
    return Markup("<bdi>{}</bdi>").format(value)


def web_address(value: str) -> str:
    """The address if it is http or https, else `#`. What would end a link in Markdown or HTML is encoded."""
    if not value.startswith(("http://", "https://")):
        return "#"
    return _IN_LINKS.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), value)
