"""Bodies: every encoding undone in any cut of its bytes, no bomb let through, nothing cut short taken for whole."""

from __future__ import annotations

import gzip
import os
import zlib

import brotli
import pytest
from backports import zstd

from newswatch.net.content_coding import BadEncoding, Body, CutShort, TooLarge

TEXT = b"The harbour board met on Tuesday. " * 300
BOMB = b"\0" * 50_000_000
ENCODED = [
    ("gzip", gzip.compress(TEXT, mtime=0)),
    ("x-gzip", gzip.compress(TEXT, mtime=0)),
    ("GZIP", gzip.compress(TEXT, mtime=0)),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", zlib.compress(TEXT, wbits=-15)),
    ("deflate", gzip.compress(TEXT, mtime=0)),
    ("br", brotli.compress(TEXT)),
    ("zstd", zstd.compress(TEXT)),
    ("identity", TEXT),
    ("", TEXT),
    ("identity, gzip", gzip.compress(TEXT, mtime=0)),
]


def read(encoding: str, raw: bytes, max_bytes: int = 1_000_000, step: int = 65536) -> bytes:
    body = Body(encoding, max_bytes)
    for at in range(0, len(raw), step):
        body.add(raw[at : at + step])
    kept, decoded = body.finish()
    assert kept == raw
    return decoded


@pytest.mark.parametrize(("encoding", "raw"), ENCODED)
@pytest.mark.parametrize("step", [1, 7, 65536])
def test_an_encoding_is_undone_however_its_bytes_arrive(encoding: str, raw: bytes, step: int) -> None:
    assert read(encoding, raw, step=step) == TEXT


@pytest.mark.parametrize("step", [1, 5, 65536])
def test_members_and_frames_that_follow_one_another_are_read_to_the_last(step: int) -> None:
    assert read("gzip", gzip.compress(b"one ", mtime=0) + gzip.compress(b"two", mtime=0), step=step) == b"one two"
    assert read("zstd", zstd.compress(b"one ") + zstd.compress(b"two"), step=step) == b"one two"


def test_padding_after_a_gzip_body_is_passed_over() -> None:
    assert read("gzip", gzip.compress(TEXT, mtime=0) + b"\0" * 512) == TEXT
    assert read("gzip", gzip.compress(TEXT, mtime=0) + b"<!-- served in 3 ms -->") == TEXT


def test_a_gzip_file_that_the_server_forgot_to_label_is_unpacked() -> None:
    assert read("", gzip.compress(TEXT, mtime=0)) == TEXT


def test_an_empty_body_is_empty_in_every_encoding() -> None:
    for encoding in ("", "gzip", "deflate", "br", "zstd"):
        assert read(encoding, b"") == b""


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [("gzip", gzip.compress(BOMB)), ("br", brotli.compress(BOMB, quality=5)), ("zstd", zstd.compress(BOMB))],
)
@pytest.mark.parametrize("max_bytes", [1_000_000, 100_000_000])
def test_a_bomb_is_stopped_by_the_size_cap_or_by_the_ratio(encoding: str, bomb: bytes, max_bytes: int) -> None:
    with pytest.raises(TooLarge):
        read(encoding, bomb, max_bytes)


def test_a_body_of_just_the_allowed_size_passes() -> None:
    noise = os.urandom(100_000)
    for encoding, raw in [("", noise), ("br", brotli.compress(noise)), ("zstd", zstd.compress(noise))]:
        assert read(encoding, raw, len(raw)) == noise
        with pytest.raises(TooLarge):
            read(encoding, raw, 99_999)


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [(e, r[:-4]) for e, r in ENCODED[:8]] + [("deflate", b"x")],
)
def test_an_encoded_body_that_ends_too_early_is_cut_short(encoding: str, raw: bytes) -> None:
    with pytest.raises(CutShort):
        read(encoding, raw)


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [("gzip", TEXT), ("br", TEXT), ("zstd", TEXT), ("deflate", b"\xff" * 20), ("gzip, gzip", b""), ("compress", b"")],
)
def test_what_was_not_asked_for_or_is_not_in_its_encoding_is_refused(encoding: str, raw: bytes) -> None:
    with pytest.raises(BadEncoding):
        read(encoding, raw)
