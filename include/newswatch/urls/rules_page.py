"""The page docs/urls.md: the rules of canonical URLs in words. Tables come from the code that applies them."""

from __future__ import annotations

from collections.abc import Iterable

from newswatch.urls.canonical import (
    AMP_FORMATS,
    AMP_SWITCHES,
    MAX_URL_CHARS,
    REDIRECTORS,
    TARGETS,
    TWIN_LABELS,
    tracking_table,
)

_TEXT = """\
# Addresses

Made by `make docs` from `include/newswatch/urls`; do not edit.

A story's identity is its canonical URL: one story, one address. Two addresses become one only where every server reads
them alike, or where a parameter is known to say nothing of the page. Whatever a server could answer differently stays.

## What the canonical URL drops or respells

| In the address | Becomes | Why |
| --- | --- | --- |
| `HTTPS://News.Example:443/a` | `https://news.example/a` | Scheme, host, default port (RFC 3986, 6.2). |
| `https://новини.example/` | `https://xn--b1amarcd.example/` | One host, two spellings (IDNA, UTS 46). |
| `/%d0%bd`, `/н` | `/%D0%BD` | Escapes in capitals, and only where one is needed; a reserved character stays escaped. |
| `/a/./b/../c` | `/a/c` | Dot segments (RFC 3986, 5.2.4). |
| `/a?` | `/a` | An empty query. |
| `/a;jsessionid=1F` | `/a` | The session of a Java servlet. |
| `#part`, `#:~:text=…` | dropped | Fragments never reach the server. |
| `#!/story/5` | kept | A hash-bang route selects what the page shows. |
| `https://www.google.com/amp/s/news.example/a` | `https://news.example/a` | An AMP viewer (Google, Bing). |
| `https://news-example.cdn.ampproject.org/c/s/news.example/a` | `https://news.example/a` | An AMP cache: c, v, wp. |
| `https://www.google.com/url?q=https://news.example/a` | `https://news.example/a` | A redirector, see below. |
| {switches}, empty, `1` or `true` | dropped | They ask for the AMP form of the page. |
| {formats} with the value `amp` | dropped | The same. |
| tracking parameters | dropped | See the table below. |

A **redirector** counts a click and sends the reader on: the last step of its path is one of {redirectors},
and one of its parameters {targets} holds an address of another site. That page
is fetched, not the redirector.

`http` and `https`, `www.` and none, a final slash and an AMP mark in the path stay apart: the page at the other address
may not exist. Case of the path and order of the parameters stay: some sites read them.

An address is refused that is not http or https, holds a user name or password, a backslash before its query or a
control character, names port 0 or a host that has no form in ASCII, or whose canonical form is longer than {longest}
characters.

## Twins

Twins are addresses under which most sites show one page: http and https; with and without one host label of {labels};
with an AMP mark in the path (`/amp/` first or last, `.amp`, `.amp.html`); with and without one final slash. They share
a key that begins with `//` and is no address. A label comes off only where two others remain that are no registry's
(`co.uk`), and not where a second such label follows. That two twins are one page is proved before they are joined.

## Which canonical link of a page is believed

It must be http or https without a password, on the page's own site, and not lead from https back to http. It must be
no home page, no address that many pages share when something is amiss (`/404`, `/search`, `/login`, `/error` …) and no
section front: a path with fewer segments and less than half as long must hold a word or number of the page's last
segment or parameters, or come with a number of three digits or more in its own parameters.

## Tracking parameters

Names are compared in any case of letters; `*` stands for any end. A name is in this list only if it selects content
nowhere that we can think of: `ref`, `source`, `id`, `s`, `t`, `from`, `p`, `page` and `share` stay but on the sites
that are named.

{table}"""


def rules() -> str:
    """The whole page in Markdown."""
    return _TEXT.format(
        switches=_code(AMP_SWITCHES),
        formats=_code(AMP_FORMATS),
        redirectors=_code(REDIRECTORS),
        targets=_code(TARGETS),
        labels=_code(f"{label}." for label in TWIN_LABELS),
        longest=f"{MAX_URL_CHARS:,}",
        table=tracking_table(),
    )


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
