"""Faults of statuses, redirects and headers."""

from __future__ import annotations

from datetime import timedelta

from fault import BACK_OFF, BEFORE, DURING, FEED_TYPE, Fault, ok, served
from hostile import Answer, plain, raw, redirect

_HEAD = b'HTTP/1.1 200 OK\r\nETag: "fault"\r\n'
_LENGTH = b"Content-Length: %d\r\n" % len(DURING)
_SLACK = timedelta(minutes=2)


def _status(name: str, does: str, status: str, body: bytes = b"no", due: timedelta = BACK_OFF, **headers: str) -> Fault:
    outcome = "gone" if status.startswith("410") else f"http_{status[:3]}"
    return Fault(name, does, outcome, served(body, status, **headers), keeps=bool(body), due=due)


_CHECK = b"<html><head><meta http-equiv=refresh content=5></head><body>One moment.<script>go()</script></body></html>"
STATUSES = [
    Fault(
        "bot-check-header",
        "answers 403 and says in a header that it is a challenge.",
        "http_403",
        served(b"no", "403 Forbidden", Cf_Mitigated="challenge"),
        keeps=True,
        due=BACK_OFF,
    ),
    Fault(
        "bot-check-busy",
        "answers 503 and says in a header that it is a challenge.",
        "bot_check",
        served(b"no", "503 Service Unavailable", Cf_Mitigated="challenge"),
        keeps=True,
        due=BACK_OFF,
    ),
    Fault(
        "bot-check-page",
        "answers 200 with a script and a refresh in the feed's place.",
        "bot_check",
        served(_CHECK, "200 OK", Content_Type="text/html"),
        keeps=True,
        due=BACK_OFF,
    ),
    _status("forbidden", "answers 403.", "403 Forbidden"),
    _status("unauthorized", "answers 401 and asks for a password.", "401 Unauthorized", WWW_Authenticate="Basic"),
    _status("payment", "answers 402.", "402 Payment Required"),
    _status("not-found", "answers 404.", "404 Not Found"),
    _status("not-found-feed", "answers 404 with a feed.", "404 Not Found", DURING),
    _status("proxy-password", "answers 407.", "407 Proxy Authentication Required"),
    _status("gone", "answers 410.", "410 Gone", due=timedelta(days=7)),
    _status("law", "answers 451.", "451 Unavailable For Legal Reasons"),
    _status(
        "too-many-seconds",
        "answers 429 and asks for an hour.",
        "429 Too Many Requests",
        Retry_After="3600",
        due=timedelta(hours=1) - _SLACK,
    ),
    _status(
        "too-many-date",
        "answers 429 and names a time two hours away.",
        "429 Too Many Requests",
        Retry_After="Sun, 22 Nov 2026 21:01:00 GMT",
        due=timedelta(hours=2) - _SLACK,
    ),
    _status("too-many", "answers 429 and names no time.", "429 Too Many Requests"),
    _status("too-many-nonsense", "answers 429 and asks for `soon`.", "429 Too Many Requests", Retry_After="soon"),
    _status(
        "too-many-digits", "answers 429 and asks for superscript seconds.", "429 Too Many Requests", Retry_After="\xb2"
    ),
    _status("server-error", "answers 500.", "500 Internal Server Error"),
    _status("bad-gateway", "answers 502.", "502 Bad Gateway"),
    _status(
        "unavailable",
        "answers 503 and asks for half an hour.",
        "503 Service Unavailable",
        Retry_After="1800",
        due=timedelta(minutes=30) - _SLACK,
    ),
    _status(
        "unavailable-past",
        "answers 503 and names a time long past.",
        "503 Service Unavailable",
        Retry_After="Sun, 06 Nov 1994 08:49:37 GMT",
    ),
    _status("gateway-timeout", "answers 504.", "504 Gateway Timeout"),
    _status("status-600", "answers 600.", "600 What"),
    _status("status-999", "answers 999.", "999 Request denied"),
    _status("partial", "answers 206 to a request for the whole.", "206 Partial Content", DURING),
    _status("no-content", "answers 204.", "204 No Content", b""),
    Fault("status-000", "answers with the status 000.", "http_000", raw(b"HTTP/1.1 000 Nothing\r\n\r\n")),
    Fault("status-word", "answers with a word for a status.", "bad_answer", raw(b"HTTP/1.1 OK\r\n\r\n")),
    Fault(
        "not-modified-unasked",
        "answers 304 to a request without validators.",
        "http_304",
        raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        tag=None,
        before=plain(BEFORE, Content_Type=FEED_TYPE),
    ),
    Fault(
        "not-modified-body",
        "answers 304 with a body.",
        "not_modified",
        raw(b'HTTP/1.1 304 Not Modified\r\nETag: "fault"\r\n' + _LENGTH + b"\r\n" + DURING),
    ),
]


def _chain(hops: int) -> dict[str, Answer]:
    """Redirects from /hop1 on; the last of them leads to a feed."""
    return {f"/hop{n}": redirect(f"/hop{n + 1}") for n in range(1, hops)} | {f"/hop{hops}": served()}


def _led_away(name: str, where: str, target: str) -> Fault:
    return Fault(name, f"redirects to {where}.", "bad_redirect", redirect(target))


REDIRECTS = [
    ok("redirect-temporary", "redirects with 302.", redirect("/there"), extra={"/there": served()}),
    ok("redirect-permanent", "redirects with 301.", redirect("/there", "301 Moved"), extra={"/there": served()}),
    ok("redirect-307", "redirects with 307.", redirect("there?a=b", "307 Go"), extra={"/there": served()}),
    ok("redirect-308", "redirects with 308.", redirect("/there#x", "308 Go"), extra={"/there": served()}),
    ok("redirect-5", "redirects five times and then answers.", redirect("/hop1"), extra=_chain(5)),
    Fault("redirect-6", "redirects six times.", "redirect_loop", redirect("/hop1"), extra=_chain(6)),
    Fault(
        "redirect-circle",
        "redirects in a circle.",
        "redirect_loop",
        redirect("/a"),
        extra={"/a": redirect("/b"), "/b": redirect("/a")},
    ),
    Fault("redirect-to-itself", "redirects to the same address.", "redirect_loop", redirect("/feed")),
    Fault("redirect-nowhere", "redirects without saying where.", "http_302", served(b"no", "302 Found"), keeps=True),
    Fault(
        "redirect-choices",
        "answers 300 with a choice.",
        "http_300",
        served(b"no", "300 Choose", Location="/there"),
        keeps=True,
    ),
    ok(
        "redirect-non-ascii",
        "redirects to a path in raw UTF-8.",
        redirect("/стаття".encode().decode("latin-1")),
        extra={"/%D1%81%D1%82%D0%B0%D1%82%D1%82%D1%8F": served()},
    ),
    ok("redirect-latin", "redirects to a path in raw Latin-1.", redirect("/caf\xe9"), extra={"/caf%E9": served()}),
    _led_away("redirect-file", "a file", "file:///etc/passwd"),
    _led_away("redirect-script", "a script", "javascript:alert(1)"),
    _led_away("redirect-ftp", "FTP", "ftp://ftp.localhost/feed"),
    _led_away("redirect-data", "a data: address", "data:application/rss+xml,%3Crss%3E"),
    _led_away("redirect-credentials", "an address with a password", "http://user:word@other.localhost/"),
    _led_away("redirect-malformed", "half an IPv6 address", "http://[::1"),
    _led_away("redirect-port", "an impossible port", "http://other.localhost:99999/"),
    _led_away("redirect-long", "an address of 9,000 characters", "/" + "x" * 7000 + "/" + "y" * 1000),
    Fault(
        "redirect-metadata",
        "redirects a feed that may read private networks to a cloud's metadata.",
        "address_refused",
        redirect("http://169.254.169.254/latest/meta-data/"),
    ),
    Fault(
        "redirect-no-name",
        "redirects to a name that does not resolve.",
        "name_unknown",
        redirect("http://nobody.invalid/feed"),
    ),
    Fault("redirect-to-error", "redirects to a page that is not there.", "http_404", redirect("/none"), keeps=True),
]

HEADERS = [
    ok("cookies", "sets cookies.", served(Set_Cookie="id=1; Path=/; Max-Age=99999")),
    ok(
        "cookies-on-redirect",
        "sets a cookie and redirects.",
        plain(b"", "302 Found", Location="/there", Set_Cookie="id=1; Path=/"),
        extra={"/there": served()},
    ),
    ok("refresh", "sends a Refresh header that leads elsewhere.", served(Refresh="0; url=http://169.254.169.254/")),
    ok("two-tags", "sends two ETags.", raw(_HEAD + b'ETag: "other"\r\n' + _LENGTH + b"\r\n" + DURING)),
    ok("no-tag", "sends no ETag any more.", plain(DURING, Content_Type=FEED_TYPE), tag=None),
    ok("latin-tag", "sends an ETag in Latin-1.", served(ETag='"f\xe9vr"'), tag='"f\xe9vr"'),
    ok("non-utf-8-header", "sends header bytes that are no UTF-8.", served(X_Server="caf\xe9 \xff\xfe", Server="\xe9")),
    Fault(
        "nul-in-header",
        "sends NUL in a header.",
        "bad_answer",
        raw(_HEAD + b"X: a\x00b\r\n" + _LENGTH + b"\r\n" + DURING),
    ),
    Fault(
        "header-without-colon",
        "sends a header line without a colon.",
        "bad_answer",
        raw(_HEAD + b"what is this\r\n" + _LENGTH + b"\r\n" + DURING),
    ),
    ok("folded-type", "sends a type of nonsense.", served(Content_Type="; ; charset=klingon; =")),
    ok(
        "fresh-for-ever",
        "says that its feed stays fresh for thirty years.",
        served(Cache_Control="max-age=999999999"),
        due=timedelta(hours=10) - _SLACK,  # longer, and the listing of a feed with an entry an hour would run over
    ),
]

FAULTS = [*STATUSES, *REDIRECTS, *HEADERS]
