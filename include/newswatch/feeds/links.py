"""Links of entries as feeds write them: references to pages, hosts without their scheme, or no links at all. Pure."""

from __future__ import annotations

import re

from newswatch.urls.canonical import is_same_site

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WWW = re.compile(r"(?i)www\.[^.\s]+\.[^.\s]")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d{1,5})?")
_FILE = re.compile(r"\S*\w\.[A-Za-z]\w+")


def reference(link: str, base: str, *, is_atom: bool = False) -> str | None:
    """The URL reference that `link` means in a feed whose base is `base`; None where it is none, as `N/A` and `-` are.

    A host without its scheme, `www.…` or one of the feed's own site, is meant as `https`. What has no scheme and begins
    with no `/`, `./`, `../` or query must look like a path: a file's ending, a number or a query, and no blanks; or
    several segments of more than a letter each. In Atom, where relative references are usual (RFC 4287, section 2), a
    letter or digit is enough. A fragment alone leads to no other page.
    """
    if link.startswith(("https://", "http://")):
        return link
    host = re.split(r"[/?#]", link, maxsplit=1)[0]
    if _WWW.match(host) or (_HOST.fullmatch(host) and is_same_site(f"https://{host}", base)):
        return f"https://{link}"
    if _SCHEME.match(link) or link.startswith(("/", "./", "../")) or re.match(r"\?[^#\s]", link):
        return link
    return link if _is_path(link, is_atom=is_atom) else None


def _is_path(link: str, *, is_atom: bool) -> bool:
    path, _, query = link.partition("#")[0].partition("?")
    if not path or ("/" not in path and any(char.isspace() for char in path)):
        return False
    if is_atom:
        return any(char.isalnum() for char in path)
    segments = [segment.strip() for segment in path.rstrip("/").split("/")]
    is_named = bool(_FILE.fullmatch(segments[-1]) or re.search(r"\d", path))
    return is_named or bool(query) or (len(segments) > 1 and all(len(segment) > 1 for segment in segments))
