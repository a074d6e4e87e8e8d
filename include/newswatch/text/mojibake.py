"""Text that was encoded or escaped twice on its way, set right; all other text stays as it is."""

from __future__ import annotations

import html
import re

_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def mended(text: str) -> str:
    """The text, its UTF-8 read as UTF-8 where it was taken for another encoding (`Ð”Ð¾Ð½ÐµÑ†ÑŒÐº`)."""
    if text.isascii():
        return text
    from ftfy import fix_encoding  # a seventh of a second, for which a parser's process need not wait at its start

    return str(fix_encoding(text))  # its encoding repairs alone: no quotes, widths, ligatures or line breaks


def unescaped(text: str) -> str:
    """Text that is no markup any more, with character references that were escaped twice (`&amp;quot;`) resolved."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text)
