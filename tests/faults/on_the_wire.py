"""Faults of time, of connections, of HTTP's framing and of TLS."""

from __future__ import annotations

import itertools

from fault import DURING, MAX_FEED_BYTES, Fault, ok, served
from hostile import dripped, flooded, raw, raw_then_reset, raw_then_silence

_OK = b"HTTP/1.1 200 OK\r\n"
_HEAD = _OK + b'ETag: "fault"\r\n'
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def _endless(piece: bytes) -> itertools.repeat[bytes]:
    return itertools.repeat(piece)


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def _sized(length: bytes) -> bytes:
    return _HEAD + b"Content-Length: " + length + b"\r\n\r\n" + DURING


TIME = [
    Fault(
        "headers-drip",
        "sends its headers a byte at a time, without end.",
        "timeout",
        dripped(_OK + b"X-Long: ", lambda: _endless(b"x")),
    ),
    Fault(
        "body-drip",
        "sends its body a byte at a time, without end.",
        "timeout",
        dripped(_HEAD + b"Content-Length: 100000\r\n\r\n", lambda: _endless(b".")),
    ),
    Fault(
        "chunks-drip",
        "sends chunks of one byte, without end.",
        "timeout",
        dripped(_CHUNKED, lambda: _endless(b"1\r\n \r\n")),
    ),
    Fault(
        "silence-at-accept",
        "accepts the connection and neither reads nor speaks.",
        "timeout",
        raw_then_silence(b""),
        place="at accept",
    ),
    Fault("silence-when-asked", "reads the request and says nothing.", "timeout", raw_then_silence(b"")),
    Fault(
        "silence-after-headers", "sends its headers, then nothing.", "timeout", raw_then_silence(_sized(b"9999")[:-400])
    ),
    Fault(
        "continue-without-end",
        "answers 100 Continue again and again.",
        "timeout",
        dripped(b"", lambda: _endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ),
    Fault(
        "stays-open",
        "sends a whole body of stated length and never closes.",
        "ok",
        raw_then_silence(_sized(b"%d" % len(DURING))),
        new=1,
        keeps=True,
        tag='"fault"',
    ),
    Fault(
        "never-closes",
        "sends a whole feed without a length and never closes.",
        "timeout",
        raw_then_silence(_HEAD + b"\r\n" + DURING),
    ),
]

SIZE = [
    Fault("endless-chunks", "sends chunks without end.", "too_large", flooded(_CHUNKED, _chunk(b"x" * 8192))),
    Fault(
        "endless-body",
        "sends a body without length and without end.",
        "too_large",
        flooded(_HEAD + b"\r\n", b"x" * 8192),
    ),
    Fault(
        "endless-headers",
        "sends header after header, without end.",
        "bad_answer",
        flooded(_OK, b"X-Header: " + b"x" * 500 + b"\r\n"),
    ),
    Fault(
        "giant-header",
        "sends one header of a megabyte.",
        "bad_answer",
        raw(_OK + b"X-Giant: " + b"x" * 1_000_000 + b"\r\nContent-Length: 0\r\n\r\n"),
    ),
    Fault(
        "thousand-headers",
        "sends a thousand headers.",
        "bad_answer",
        raw(_OK + b"".join(b"X-%d: x\r\n" % n for n in range(1000)) + b"\r\n"),
    ),
    Fault(
        "giant-announced",
        "announces more bytes than the limit.",
        "too_large",
        raw(_HEAD + b"Content-Length: 99999999999\r\n\r\n"),
    ),
    Fault(
        "just-too-large",
        "sends one byte more than the limit.",
        "too_large",
        served(b" " * (MAX_FEED_BYTES + 1 - len(DURING)) + DURING),
    ),
    ok(
        "just-large-enough",
        "sends as many bytes as the limit allows.",
        served(b" " * (MAX_FEED_BYTES - len(DURING)) + DURING),
    ),
]

FRAMING = [
    Fault("length-too-long", "states a longer body than it sends.", "truncated", raw(_sized(b"99999"))),
    Fault(
        "length-too-short",
        "states a shorter body than it sends: the feed's end is missing.",
        "damaged",
        raw(_sized(b"%d" % (len(DURING) - 12))),
        new=1,
        keeps=True,
    ),
    Fault("length-negative", "states a negative length.", "bad_answer", raw(_sized(b"-5"))),
    Fault("length-no-number", "states a length that is no number.", "bad_answer", raw(_sized(b"many"))),
    Fault(
        "two-lengths",
        "states two different lengths.",
        "bad_answer",
        raw(_HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + DURING),
    ),
    Fault(
        "length-and-chunks",
        "states a length and sends chunks (request smuggling).",
        "bad_answer",
        raw(_HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunk(DURING) + b"0\r\n\r\n"),
    ),
    Fault("chunks-cut", "ends within a chunk.", "truncated", raw(_CHUNKED + _chunk(DURING)[:-60])),
    Fault("chunks-without-end", "ends without the last, empty chunk.", "truncated", raw(_CHUNKED + _chunk(DURING))),
    Fault("chunk-size-nonsense", "states a chunk size that is no number.", "truncated", raw(_CHUNKED + b"zz\r\nab")),
    ok(
        "chunks",
        "sends the feed in chunks of seven bytes.",
        raw(_CHUNKED + b"".join(_chunk(DURING[n : n + 7]) for n in range(0, len(DURING), 7)) + b"0\r\n\r\n"),
    ),
    ok("no-length", "sends the feed without a length and closes.", raw(_HEAD + b"\r\n" + DURING)),
    Fault(
        "cut-without-length",
        "closes in the middle of a feed without a length.",
        "damaged",
        raw(_HEAD + b"\r\n" + DURING[:-12]),
        new=1,
        keeps=True,
    ),
    ok(
        "early-hints",
        "sends 103 Early Hints before its answer.",
        raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + _sized(b"%d" % len(DURING))),
    ),
    ok("http-1-0", "answers in HTTP/1.0.", raw(_HEAD.replace(b"1.1", b"1.0") + b"\r\n" + DURING)),
    Fault("http-0-9", "sends the body without any headers.", "bad_answer", raw(DURING)),
    Fault(
        "ssh-banner", "is an SSH server.", "bad_answer", raw_then_silence(b"SSH-2.0-OpenSSH_9.6\r\n"), place="at accept"
    ),
    Fault(
        "http-2",
        "begins with HTTP/2 settings.",
        "bad_answer",
        raw_then_silence(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"),
        place="at accept",
    ),
    Fault("noise", "sends random bytes.", "bad_answer", raw(bytes(range(255, 0, -1)) * 4)),
]

CONNECTION = [
    Fault("closed-at-once", "closes every connection at once.", "connection_failed", raw(b""), place="at accept"),
    Fault("closed-when-asked", "reads the request and closes.", "connection_failed", raw(b"")),
    Fault(
        "reset-at-once", "resets every connection at once.", "connection_failed", raw_then_reset(b""), place="at accept"
    ),
    Fault("reset-when-asked", "reads the request and resets.", "connection_failed", raw_then_reset(b"")),
    Fault("reset-in-headers", "resets within its headers.", "connection_failed", raw_then_reset(_HEAD[:-4])),
    Fault("closed-in-headers", "closes within its headers.", "connection_failed", raw(_HEAD[:-4])),
    Fault("reset-in-body", "resets within its body.", "truncated", raw_then_reset(_sized(b"9999"))),
    Fault(
        "reset-without-length",
        "resets within a body without a length: the feed's end is missing.",
        "damaged",
        raw_then_reset(_HEAD + b"\r\n" + DURING[:-12]),
        new=1,
        keeps=True,
    ),
    Fault("nobody-there", "does not listen.", "connection_failed", place="closed"),
    Fault("no-name", "has lost its name.", "name_unknown", place="nameless"),
    ok("literal-address", "is named by its IP address.", served(), place="literal"),
]

_ALERT = b"\x15\x03\x01\x00\x02\x02\x46"  # TLS: protocol version not supported
TLS = [
    ok(
        "tls-good",
        "shows a certificate of an authority that this machine trusts.",
        served(),
        place="tls",
        certificate="good",
    ),
    Fault(
        "tls-self-signed",
        "shows a certificate that it signed itself.",
        "tls_failed",
        place="tls",
        certificate="self-signed",
    ),
    Fault(
        "tls-unknown-authority",
        "shows a certificate of an authority that nobody knows.",
        "tls_failed",
        place="tls",
        certificate="unknown",
    ),
    Fault("tls-expired", "shows a certificate that has expired.", "tls_failed", place="tls", certificate="expired"),
    Fault("tls-wrong-name", "shows a certificate for another host.", "tls_failed", place="tls", certificate="other"),
    Fault(
        "tls-old",
        "speaks no TLS newer than 1.1.",
        "tls_failed",
        raw_then_silence(_ALERT),
        place="tls",
        certificate="none",
    ),
    Fault(
        "tls-plain",
        "speaks plain HTTP on the port of TLS.",
        "tls_failed",
        raw_then_silence(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        place="tls",
        certificate="none",
    ),
    Fault(
        "tls-closes",
        "closes the connection instead of shaking hands.",
        "connection_failed",
        raw(b""),
        place="tls",
        certificate="none",
    ),
    Fault(
        "plain-tls", "speaks TLS on the port of plain HTTP.", "bad_answer", raw_then_silence(_ALERT), place="at accept"
    ),
    Fault(
        "tls-silence",
        "accepts the connection and never shakes hands.",
        "timeout",
        raw_then_silence(b""),
        place="tls",
        certificate="none",
    ),
]

FAULTS = [*TIME, *SIZE, *FRAMING, *CONNECTION, *TLS]
