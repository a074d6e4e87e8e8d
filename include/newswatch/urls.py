"""The canonical URL: one story, one address."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

# Parameters that say where a reader came from and never what the page shows. Source: each vendor's own documentation.
TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "piwik_", "at_")  # Google/UTM, Matomo, AT Internet
TRACKING_NAMES = frozenset(
    {
        *("fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid", "twclid", "igshid"),
        *("mc_cid", "mc_eid", "_openstat", "cmpid", "ito", "ocid", "xtor", "ns_mchannel", "ns_campaign", "ftag"),
        "__twitter_impression",
    }
)
MAX_URL_CHARS = 2000  # an index of the ledger holds no longer one, and no reader's browser needs it
_DEFAULT_PORTS = {"http": 80, "https": 443}


def resolve(base: str, link: str) -> str | None:
    """The absolute http(s) address of `link` in a document at `base`; None if it leads nowhere on the web."""
    try:
        url = urljoin(base, link.strip())
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        if is_web and len(canonical(url)) <= MAX_URL_CHARS:
            return url
    except ValueError:
        pass
    return None


def canonical(url: str) -> str:
    """Drop fragment, default port and tracking parameters; lower-case scheme and host, never the path.

    Parameters that stay keep their order and spelling: some sites read them so.
    """
    parts = urlsplit(url)
    query = parts.query
    if query:
        query = "&".join(pair for pair in query.split("&") if not _is_tracking(unquote(pair.partition("=")[0])))
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return urlunsplit((parts.scheme, host_of(url), path, query, ""))


def _is_tracking(name: str) -> bool:
    low = name.lower()
    return low in TRACKING_NAMES or low.startswith(TRACKING_PREFIXES)


def host_of(url: str) -> str:
    """Host and, where it is not the scheme's own, port: what a pause between requests applies to."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    netloc = f"[{host}]" if ":" in host else host
    if parts.port and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        netloc += f":{parts.port}"
    return netloc


def is_same_site(one: str, other: str) -> bool:
    """Whether one host is the other or a subdomain of it, `www.` aside: how far a page's canonical link is believed."""
    a, b = ((urlsplit(u).hostname or "").removeprefix("www.") for u in (one, other))
    return a == b or a.endswith("." + b) or b.endswith("." + a)


def story_id(canonical_url: str) -> str:
    """Sixteen hex digits: the beginning of the SHA-256 of the canonical URL."""
    return hashlib.sha256(canonical_url.encode()).hexdigest()[:16]
