"""The canonical URL: one story, one address. The rules in words: docs/urls.md, from `rules_page`."""

from __future__ import annotations

import hashlib
import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

import idna

from newswatch.urls import tracking

MAX_URL_CHARS = 2000  # an index of the ledger holds no longer one, and no reader's browser needs it
MAX_LINK_CHARS = 16_000  # with the tracking that `canonical` takes off
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# An absolute address in its one spelling: nothing to resolve, to escape or to take out.
_PLAIN = re.compile(
    r"https?://(?=[^/:]{1,253}[/:])[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*(?::(?!80/|443/)(?:[1-5]\d{4}|[1-9]\d{0,3}))?"
    r"(?:/(?!\.\.?(?:[/?]|$))[A-Za-z0-9:@!$&'()*+,=~._-]*)+(?:\?[A-Za-z0-9/:@!$&'()*+,;=~._?-]+)?",
    re.ASCII,
)
_ORIGIN = re.compile(r"https?://[^/?#]+(?=[/?#]|$)")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TRIPLET = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")  # RFC 3986, section 2.3
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = _PATH_SAFE + "?[]"  # reserved, RFC 3986, section 2.2: escaped they would mean something else
_SERVLET_SESSION = re.compile(r";jsessionid=[^/;]*", re.I)

_GOOGLE = re.compile(r"(?:www\.)?google\.(?:com|[a-z]{2}|com?\.[a-z]{2})")
_VIEWED = re.compile(r"/amp/(s/)?([^/]+\.[^/]+/.*)")
_CACHED = re.compile(r"/(?:c|v|wp)/(s/)?([^/]+\.[^/]+/.*)")
AMP_SWITCHES = frozenset({"amp", "__amp", "is_amp", "isamp"})  # with no value, or one that says yes
AMP_FORMATS = frozenset({"output", "outputtype", "format"})  # with the value `amp`

# Services that count a click and send the reader on name themselves so in the last step of their path …
REDIRECTORS = frozenset(
    {"url", "link", "l", "out", "outbound", "redirect", "redir", "apiclick", "goto", "click", "away", "exit", "leave"}
)
TARGETS = frozenset({"url", "u", "q", "to", "target", "dest", "destination", "link", "href"})  # … and the page so

TWIN_LABELS = frozenset({"www", "m", "mobile", "amp", "touch"})
_REGISTRY = re.compile(r"(?:ac|co|com|edu|gob|gov|gouv|in|mil|msk|ne|net|nom|or|org|spb)\.[a-z]{2}")  # co.uk, com.ua
_AMP_PATH = re.compile(r"^/amp(?=/[^/])|(?<=[^/])/amp/?$|(?<=[^/])\.amp(?=\.html/?$|/?$)")

# Addresses to which many pages point when something is amiss with them.
_SHARED = frozenset(
    {
        *("403", "404", "410", "500", "503", "error", "errors", "forbidden", "not-found", "notfound", "page-not-found"),
        *("search", "login", "log-in", "signin", "sign-in", "register", "signup", "subscribe", "account", "consent"),
        *("cookies", "maintenance", "unavailable"),
    }
)
_DULL_WORDS = frozenset({"index", "default", "html", "htm", "shtml", "php", "asp", "aspx", "jsp", "amp"})


def resolve(base: str, link: str) -> str | None:
    """The absolute http(s) address of `link` in a document at `base`, in one spelling; None if it leads nowhere.

    Refused: other schemes, a user name or password, a backslash before the query, control characters (tabs and line
    breaks are taken out, as browsers do), a host that has no form in ASCII, port 0, and an address whose canonical form
    is longer than MAX_URL_CHARS. Tracking stays: what is fetched is what was linked.
    """
    if plain := _plain_address(base, link):
        return plain
    try:
        url = _absolute(base, link)  # its canonical form is no longer than it
        return url if url and (len(url) <= MAX_URL_CHARS or len(canonical_url(url)) <= MAX_URL_CHARS) else None
    except ValueError:
        return None


def _plain_address(base: str, link: str) -> str | None:
    """The address where nothing of it is to be changed: the link, or a path behind the base's host."""
    if link.startswith("/") and not link.startswith("//") and (origin := _ORIGIN.match(base)):
        link = origin[0] + link
    return link if len(link) <= MAX_URL_CHARS and _PLAIN.fullmatch(link) else None


def _absolute(base: str, link: str) -> str | None:
    """`resolve`, but for the length. Raises ValueError where the address is none at all."""
    link = re.sub(r"[\t\r\n]", "", link.strip())
    if len(link) > MAX_LINK_CHARS or _CONTROL.search(link) or "\\" in re.split(r"[?#]", link, maxsplit=1)[0]:
        return None
    parts = urlsplit(urljoin(base, link))
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or parts.port == 0:
        return None
    if ("[" in parts.netloc) != (":" in _ascii_host(parts.hostname or "")):
        return None
    query, fragment = (_normalised_escapes(text, _QUERY_SAFE) for text in (parts.query, parts.fragment))
    return urlunsplit((parts.scheme, _netloc(parts), _path(parts.path), query, fragment))


def canonical_url(url: str) -> str:
    """The one address of a story.

    AMP viewers, AMP caches and redirectors are unwrapped; fragment, default port and tracking are dropped; escapes and
    host are spelt in one way. Raises ValueError where host or port are none: `resolve` gives None for such an address.
    Parameters that stay keep their order and values: some sites read them so. Where the server decides, nothing is
    guessed: `http`, `www.`, a final slash and an AMP mark in the path stay (see `twin_key`). Idempotent.
    """
    parts = urlsplit(url)
    while inner := _unwrapped(parts):  # it ends: each is shorter than the one that held it
        parts = urlsplit(inner)
    host = _host(parts)
    pairs = _normalised_escapes(parts.query, _QUERY_SAFE).split("&")
    query = "&".join(pair for pair in pairs if not _is_dropped_parameter(pair, host))
    route = parts.fragment.partition(":~:")[0]
    fragment = _normalised_escapes(route, _QUERY_SAFE) if route.startswith("!") and len(route) > 1 else ""
    path = _SERVLET_SESSION.sub("", _path(parts.path)) or "/"
    return urlunsplit((parts.scheme, _netloc(parts), path, query, fragment))


def _is_dropped_parameter(pair: str, host: str) -> bool:
    """Whether a parameter tracks the reader or only asks for the AMP form of the same page."""
    name, _, value = pair.partition("=")
    name = unquote(name).lower().removeprefix("amp;")  # "&amp;" that was escaped twice
    if name in AMP_SWITCHES:
        return value.lower() in ("", "1", "true")
    if name in AMP_FORMATS:
        return value.lower() == "amp"
    return tracking.is_tracking(name, host)


def _unwrapped(parts: SplitResult) -> str | None:
    """The publisher's address inside that of an AMP viewer, an AMP cache or a redirector; None: it is none."""
    host = (parts.hostname or "").rstrip(".")
    if _GOOGLE.fullmatch(host) or host in ("bing.com", "www.bing.com"):
        wrapped = _VIEWED.fullmatch(parts.path)
    elif host in ("cdn.ampproject.org", "bing-amp.com") or host.endswith((".cdn.ampproject.org", ".bing-amp.com")):
        wrapped = _CACHED.fullmatch(parts.path)
    else:
        wrapped = None
    if wrapped is None:
        return _redirected(parts)
    address = f"{'https' if wrapped[1] else 'http'}://{wrapped[2]}"
    if not parts.query:  # viewers escape the question mark of the address inside
        address = re.sub("%3f", "?", address, count=1, flags=re.I)
    address += f"?{parts.query}" if parts.query else ""
    try:
        return _absolute(address, "")
    except ValueError:
        return None


def _redirected(parts: SplitResult) -> str | None:
    """The page to which a redirector sends its readers, where its own address says so and it is on another site."""
    last = parts.path.rstrip("/").rpartition("/")[2].partition(".")[0].lower()
    if last not in REDIRECTORS:
        return None
    pairs = (pair.partition("=") for pair in parts.query.split("&"))
    named = [unquote(value) for name, _, value in pairs if unquote(name).lower() in TARGETS]
    targets = [value for value in named if re.match(r"https?://[^/]", value, re.I)]
    if len(targets) != 1:
        return None
    try:
        target = _absolute(targets[0], "")
    except ValueError:
        return None
    return target if target and not is_same_site(target, urlunsplit(parts)) else None


def redirect_target(url: str) -> str:
    """The page to which an address leads that only counts a click on the way; any other address as it is."""
    parts = urlsplit(url)
    while target := _redirected(parts):
        url, parts = target, urlsplit(target)
    return url


def twin_key(url: str) -> str:
    """A key, never an address (it begins with `//`), that twins of one page share: http and https, with and without
    one host label of www, m, mobile, amp or touch, an AMP mark in the path, one final slash.

    A label is taken off only where two others remain that are no registry's (`co.uk`), and not where a second such
    label follows. Case, other parameters and their order all count. Idempotent; the same for an address and its
    canonical form. That two pages are the same is for the caller to prove: a server may answer them apart.
    """
    parts = urlsplit(canonical_url(url))
    path, before = parts.path, ""
    while path != before:
        path, before = _AMP_PATH.sub("", path), path
    if len(path) > 1 and path.endswith("/") and not path.endswith("//"):
        path = path[:-1]
    return urlunsplit(("", _twin_host(parts.netloc), path, parts.query, parts.fragment))


def _twin_host(netloc: str) -> str:
    label, _, rest = netloc.partition(".")
    host = rest.partition(":")[0]
    if label not in TWIN_LABELS or not _is_domain(host):
        return netloc
    second, _, third = host.partition(".")
    return netloc if second in TWIN_LABELS and _is_domain(third) else rest


def _is_domain(host: str) -> bool:
    return "." in host and not _REGISTRY.fullmatch(host)


def _normalised_escapes(text: str, safe: str) -> str:
    """One spelling for what servers read alike: escapes in capitals, and only where one is needed (RFC 3986, 6.2.2)."""

    def respell(match: re.Match[str]) -> str:
        char = chr(int(match[0][1:], 16))
        return char if char in _UNRESERVED else match[0].upper()

    return quote(_TRIPLET.sub(respell, _LONE_PERCENT.sub("%25", text)), safe=safe)


def _path(path: str) -> str:
    """The path in one spelling, without `.` and `..` segments (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    segments = _normalised_escapes(path, _PATH_SAFE).removeprefix("/").split("/")
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _ascii_host(host: str) -> str:
    """A host name in lower case, its international labels in punycode (UTS 46). Raises ValueError where it has no such
    form."""
    if ":" in host:
        return str(IPv6Address(host))
    host = unquote(host, errors="strict").rstrip(".").lower()
    if not host.isascii():
        labels = idna.uts46_remap(host, std3_rules=False).split(".")
        host = ".".join(part if part.isascii() else idna.alabel(part).decode() for part in labels)
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise ValueError(f"{host!r} is no host name")
    return host


def _host(parts: SplitResult) -> str:
    """The host in its one spelling, or in lower case where `resolve` refuses it: it still needs a name in logs."""
    try:
        return _ascii_host(parts.hostname or "")
    except ValueError:
        return (parts.hostname or "").rstrip(".")


def _netloc(parts: SplitResult) -> str:
    host = _host(parts)
    netloc = f"[{host}]" if ":" in host else host
    if parts.port and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        netloc += f":{parts.port}"
    return netloc


def origin_of(url: str) -> str:
    """Scheme, host and port as they stand in the address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def host_of(url: str) -> str:
    """Host and, where it is not the scheme's own, port: what a pause between requests applies to.

    Raises ValueError where the address is none at all.
    """
    return _netloc(urlsplit(url))


def parameters_of(url: str) -> list[tuple[str, str]]:
    """Names and values of the address's parameters, as they stand there."""
    return [(name, value) for name, _, value in (pair.partition("=") for pair in urlsplit(url).query.split("&"))]


def differing_parameter(one: str, other: str) -> str | None:
    """The name of the one parameter in whose value alone two addresses differ; None: they differ otherwise, or not."""
    if one.partition("?")[0] != other.partition("?")[0]:
        return None
    pairs, other_pairs = parameters_of(one), parameters_of(other)
    if [name for name, _ in pairs] != [name for name, _ in other_pairs]:
        return None
    names = {name for (name, value), (_, other_value) in zip(pairs, other_pairs, strict=True) if value != other_value}
    return names.pop() if len(names) == 1 else None


def is_same_site(one: str, other: str) -> bool:
    """Whether one host is the other or a subdomain of it, `www.` aside: how far a page's canonical link is believed."""
    a, b = (_host(urlsplit(u)).removeprefix("www.") for u in (one, other))
    return a == b or a.endswith("." + b) or b.endswith("." + a)


def names_of(address: str) -> list[str]:
    """The keys by which a canonical URL is looked up: itself and its twin key; a story without a page has no twins."""
    return [address] if is_own_address(address) else [address, twin_key(address)]


def is_own_address(address: str) -> bool:
    """Whether it is that of a story without a page of its own: the feed's, or a shared link's, with what it says."""
    return "#entry-" in address


def leads_nowhere(asked: str, answered: str) -> bool:
    """Whether a redirect led from a page to one that stands for many: a home page, a login, an error page."""
    own, other = urlsplit(canonical_url(asked)), urlsplit(canonical_url(answered))
    if (own.path, own.query) == (other.path, other.query):
        return False
    if other.path == "/" and not other.query and not other.fragment:
        return True
    last, own_last = ((p.path.rstrip("/").rpartition("/")[2].partition(".")[0].lower()) for p in (other, own))
    return last in _SHARED and last != own_last


def is_credible_canonical(page_url: str, link: str) -> bool:
    """Whether the canonical link (absolute) of a page is believed to name that same page.

    - It is an address that `resolve` takes: http or https, no user name or password.
    - It is on the same site (`is_same_site`), and does not lead from https back to http.
    - If it is the page's own canonical URL, all is well. Else:
    - It is no home page (path `/` without parameters), and its last segment is none that many pages share when
      something is amiss: `404`, `search`, `login`, `error` …
    - It is no section front: a path with fewer segments and less than half as long must hold a word or number of the
      page's last segment or parameters, or parameters with a number of three digits. `/p/4711` may so give way to
      `/news/quay-rebuilt`, and `/world/2026/quay-rebuilt` to `/quay-rebuilt`, but not to `/world`.
    """
    address, page = resolve(page_url, link), canonical_url(page_url)
    if address is None or not is_same_site(page, address):
        return False
    own, other = urlsplit(page), urlsplit(canonical_url(address))
    if own.scheme == "https" and other.scheme == "http":
        return False
    if own == other:
        return True
    if other.path == "/" and not other.query and not other.fragment:
        return False
    segments, own_segments = (list(filter(None, unquote(p.path).lower().split("/"))) for p in (other, own))
    last, own_last = ((s[-1].partition(".")[0] if s else "") for s in (segments, own_segments))
    if last in _SHARED and last != own_last:
        return False
    is_short = len(segments) < len(own_segments) and 2 * len(other.path) < len(own.path)
    if not is_short or any(word.isdecimal() and len(word) > 2 for word in _words(other.query)):
        return True
    return not _telling_words(own_segments, own.query).isdisjoint(_words(f"{other.path} {other.query}"))


def _telling_words(segments: list[str], query: str) -> set[str]:
    """Words of the last segment that has any of its own, and of the parameters."""
    named = next((words for segment in reversed(segments) if (words := _words(segment))), set())
    return named | _words(query)


def _words(text: str) -> set[str]:
    words = set(re.findall(r"[^\W_]+", unquote(text).lower()))
    return {word for word in words if (len(word) > 2 or word.isdecimal()) and word not in _DULL_WORDS}


def story_id_of(canonical_url: str) -> str:
    """Sixteen hex digits: the beginning of the SHA-256 of the canonical URL."""
    return hashlib.sha256(canonical_url.encode()).hexdigest()[:16]


def tracking_table() -> str:
    """The tracking parameters as a Markdown table."""
    return tracking.table()


def site_of(address: str) -> str:
    """The host of an address without `www.`: the site to which a story's lines belong. Errors as `host_of`."""
    return host_of(address).removeprefix("www.")
