"""Faults of encodings, types and documents."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli
from backports import zstd
from fault import AFTER, DURING, Fault, feed, no_feed, ok, served
from hostile import raw

_ZEROS = bytes(30_000_000)
_BOMBS = {"gzip": gzip.compress(_ZEROS), "br": brotli.compress(_ZEROS, quality=5), "zstd": zstd.compress(_ZEROS)}
_LONG = feed("first", *(f"entry {number * number}" for number in range(300)))
_SECOND = b"<title>second</title>"


def _encoded(name: str, does: str, encoding: str, body: bytes) -> Fault:
    return ok(name, does, served(body, Content_Encoding=encoding))


def _refused(name: str, does: str, outcome: str, encoding: str, body: bytes) -> Fault:
    return Fault(name, does, outcome, served(body, Content_Encoding=encoding))


def _bare_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


ENCODINGS = [
    _encoded("gzip", "compresses with gzip.", "gzip", gzip.compress(DURING)),
    _encoded(
        "gzip-members", "sends two gzip members.", "GZIP", gzip.compress(DURING[:90]) + gzip.compress(DURING[90:])
    ),
    _encoded("gzip-padded", "sends zeros behind the gzip.", "x-gzip", gzip.compress(DURING) + bytes(50)),
    _encoded("deflate", "compresses with deflate.", "deflate", zlib.compress(DURING)),
    _encoded("deflate-bare", "compresses with deflate, without zlib's header.", "deflate", _bare_deflate(DURING)),
    _encoded("br", "compresses with brotli.", "br", brotli.compress(DURING)),
    _encoded("zstd", "compresses with zstd.", "zstd", zstd.compress(DURING)),
    _encoded("identity", "says that it did not compress.", "identity", DURING),
    _encoded("gzip-unlabelled", "compresses with gzip and does not say so.", "", gzip.compress(DURING)),
    _refused("gzip-bomb", "sends 30 MB of zeros in 30 KB of gzip.", "too_large", "gzip", _BOMBS["gzip"]),
    _refused("br-bomb", "sends 30 MB of zeros in brotli.", "too_large", "br", _BOMBS["br"]),
    _refused("zstd-bomb", "sends 30 MB of zeros in zstd.", "too_large", "zstd", _BOMBS["zstd"]),
    _refused("gzip-cut", "cuts the gzip off.", "truncated", "gzip", gzip.compress(_LONG)[:-20]),
    _refused("deflate-cut", "cuts the deflate off.", "truncated", "deflate", zlib.compress(_LONG)[:-20]),
    _refused("br-cut", "cuts the brotli off.", "truncated", "br", brotli.compress(_LONG)[:-20]),
    _refused("zstd-cut", "cuts the zstd off.", "truncated", "zstd", zstd.compress(_LONG)[:-20]),
    _refused(
        "gzip-wrong-sum",
        "sends gzip with a wrong checksum.",
        "bad_encoding",
        "gzip",
        gzip.compress(_LONG)[:-8] + bytes(8),
    ),
    _refused("wrong-label", "calls gzip what is plain text.", "bad_encoding", "gzip", DURING),
    _refused("wrong-label-br", "calls brotli what is gzip.", "bad_encoding", "br", gzip.compress(_LONG)),
    _refused(
        "unknown-encoding", "compresses in a way that was not asked for.", "bad_encoding", "compress", b"\x1f\x9d"
    ),
    _refused("two-encodings", "compresses twice.", "bad_encoding", "gzip, br", brotli.compress(gzip.compress(DURING))),
]

_LOGIN = b"<!DOCTYPE html><html><body><form action='/login'><input name='password'></form></body></html>"
_SITEMAPS = (
    b'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    b"<sitemap><loc>http://a.example/s.xml</loc></sitemap></sitemapindex>"
)
_SOAP = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    b"<faultstring>item not found</faultstring></soap:Fault></soap:Body></soap:Envelope>"
)
TYPES = [
    no_feed("html", "sends an HTML page, called a feed.", b"<!DOCTYPE html><html><body><p>Hello</p></body></html>"),
    no_feed("login-page", "sends a login page with status 200.", _LOGIN, "text/html"),
    no_feed("json", "sends JSON.", json.dumps({"items": [{"title": "first"}]}).encode(), "application/json"),
    no_feed("pdf", "sends a PDF.", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj", "application/pdf"),
    no_feed("image", "sends a PNG.", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3, "image/png"),
    no_feed("text", "sends plain text.", b"Please come back later.", "text/plain"),
    no_feed("empty", "sends nothing, with status 200.", b""),
    no_feed("blanks", "sends blanks alone.", b" \n" * 500),
    no_feed("sitemap-index", "sends an index of sitemaps.", _SITEMAPS, "application/xml"),
    no_feed("soap", "sends a SOAP fault.", _SOAP, "text/xml"),
    ok("wrong-type", "calls its feed an image.", served(Content_Type="image/png")),
    ok("no-type", "does not say what it sends.", raw(b'HTTP/1.1 200 OK\r\nETag: "fault"\r\n\r\n' + DURING)),
]

_BOMB_TYPE = "<!DOCTYPE rss [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
)
_FILE_TYPE = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
DOCUMENTS = [
    ok("utf-16", "sends a feed in UTF-16.", served(feed("first", "second", encoding="utf-16"))),
    ok(
        "windows-1251",
        "sends Cyrillic in an encoding that only the document names.",
        served(feed("first", "second", encoding="windows-1251", channel="Вороже"), Content_Type="application/xml"),
    ),
    ok(
        "surrogate",
        "refers to half a character (&#xD800;).",
        served(DURING.replace(_SECOND, b"<title>sec&#xD800;ond</title>")),
    ),
    ok(
        "control-characters",
        "writes NUL and other characters that XML forbids.",
        served(DURING.replace(_SECOND, b"<title>sec\x00\x08ond</title>")),
    ),
    ok(
        "entity-bomb",
        "defines entities that would grow to a terabyte.",
        served(feed("first", "second", head=_BOMB_TYPE).replace(_SECOND, b"<title>second &a11;</title>")),
    ),
    ok(
        "external-entity",
        "asks for a file of the reader's machine to be put into the text.",
        served(feed("first", "second", head=_FILE_TYPE).replace(_SECOND, b"<title>second &x;</title>")),
    ),
    ok(
        "bare-ampersand",
        "does not escape an ampersand.",
        served(DURING.replace(_SECOND, b"<title>second & last</title>")),
    ),
    Fault(
        "holds-the-reader",
        "sends a feed that feedparser does not come to an end with.",
        "damaged",
        served(DURING.replace(_SECOND, b"<title>hold the reader<br/></title>")),
        new=1,
        keeps=True,
    ),
    ok(
        "same-guid-twice",
        "lists each entry twice.",
        served(
            DURING.replace(b"</channel>", DURING.partition(b"</title>")[2].partition(b"</channel>")[0] + b"</channel>")
        ),
    ),
    ok("shorter-than-before", "lists only the newest entry.", served(feed("second"))),
    ok("longer-by-two", "lists two new entries.", served(AFTER.replace(b"third", b"other")), new=2),
    Fault(
        "same-bytes", "answers 200 with the bytes of last time.", "not_modified", served(feed("first")), tag='"fault"'
    ),
]

FAULTS = [*ENCODINGS, *TYPES, *DOCUMENTS]
