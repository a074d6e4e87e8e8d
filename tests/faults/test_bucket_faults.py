"""Files in a bucket whose storage misbehaves: a file is the old one or the new one, and a second try ends right."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from bucket_server import KEY_ID, SECRET, BucketServer, silent
from of_buckets import BUCKET_FAULTS, LASTING, SHORT, BucketFault

from newswatch.errors import ConfigError, MissingFile
from newswatch.storage import buckets, schemes
from newswatch.storage.files import Store

OLD, NEW = b"old" * 50_000, b"new and longer" * 20_000
PATH, PLACE = "tables/topic_days/2026-11-20.parquet", "quarantine/2026-11-20.parquet"
DO: dict[str, Callable[[Store], object]] = {
    "PUT": lambda store: store.write(PATH, NEW),
    "GET": lambda store: store.read(PATH),
    "HEAD": lambda store: store.size(PATH),
    "COPY": lambda store: store.move(PATH, PLACE),
    "DELETE": lambda store: store.remove(PATH),
    "LIST": lambda store: list(store.walk("")),
}
AFTER = {"PUT": {PATH: NEW}, "COPY": {PLACE: OLD}, "DELETE": {}}
GIVEN = {"GET": OLD, "HEAD": len(OLD), "LIST": [PATH]}
CASES = [pytest.param(fault, kind, id=f"{fault.name}-{kind}") for fault in BUCKET_FAULTS for kind in fault.kinds]


@pytest.mark.parametrize(("fault", "kind"), CASES)
def test_the_matrix(
    fault: BucketFault, kind: str, bucket: str, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault.trouble is silent:  # else a slow machine would be taken for one
        monkeypatch.setattr(buckets, "_A_READ", timedelta(seconds=0.5))
    monkeypatch.setitem(buckets._RETRIES, "backoff", SHORT)
    if fault.times == LASTING:
        monkeypatch.setitem(buckets._RETRIES, "max_retries", 2)
    store = Store(bucket)
    store.write(PATH, OLD)
    bucket_server.misbehave(kind, fault.trouble, fault.times)
    if fault.error:
        with pytest.raises(fault.error) as raised:
            DO[kind](store)
        message = str(raised.value)
        assert "\n" not in message
        assert bucket in message
        assert not any(secret in message for secret in (KEY_ID, SECRET, "Signature", "Debug"))
        assert fault.error is not ConfigError or "AWS_SECRET_ACCESS_KEY" in message
        left = bucket_server.stored(bucket)
        assert left in ({PATH: OLD}, AFTER.get(kind), {PATH: OLD, PLACE: OLD})
        bucket_server.behave()
    done = DO[kind](store)
    assert done == GIVEN.get(kind, done)
    assert bucket_server.stored(bucket) == AFTER.get(kind, {PATH: OLD})
    assert bucket_server.uploads_in_parts(bucket) == 0


@pytest.mark.parametrize("kind", ["PUT", "GET", "COPY", "DELETE", "LIST"])
def test_a_bucket_that_is_not_there_is_named(kind: str, bucket: str) -> None:
    with pytest.raises(ConfigError, match="s3://none-of-that-name/desk: there is no such bucket"):
        DO[kind](Store("s3://none-of-that-name/desk"))


def test_a_file_is_one_request_and_never_in_parts(bucket: str, bucket_server: BucketServer) -> None:
    store = Store(bucket)
    big = os.urandom(1 << 20) * 24
    store.write("raw/big.warc.gz", big)
    assert store.read("raw/big.warc.gz") == big
    assert store.read("raw/big.warc.gz", 5, 9) == big[5:9]
    assert store.read("raw/big.warc.gz", len(big) - 2) == big[-2:]
    assert store.read("raw/big.warc.gz", len(big) + 5, len(big) + 9) == b""
    assert store.read("raw/big.warc.gz", 5, 5) == b""
    assert dict(bucket_server.requests) == {"PUT": 1, "GET": 4}


def test_what_another_process_writes_is_seen_at_once(bucket: str) -> None:
    first, second = Store(bucket), Store(bucket)
    assert (first.names("tables"), list(first.walk("")), first.exists(PATH), first.size(PATH)) == ([], [], False, 0)
    with pytest.raises(MissingFile):
        first.read(PATH)
    second.write(PATH, OLD)
    second.write("tables/_staged/day/a.parquet", OLD)
    assert (first.names("tables"), list(first.walk("tables")), first.size(PATH)) == (["topic_days"], [PATH], len(OLD))
    assert list(first.leftovers()) == ["tables/_staged/day/a.parquet"]
    second.remove_folder("tables")
    second.remove_folder("tables")
    assert (first.names(""), first.exists(PATH), first.modified(PATH)) == ([], False, None)


def test_many_files_are_listed_and_removed_by_the_thousand(bucket: str, bucket_server: BucketServer) -> None:
    store = Store(bucket)
    wanted = [f"objects/{number:04}" for number in range(1001)]
    bucket_server.fill(bucket, wanted)
    assert list(store.walk("objects")) == wanted
    assert bucket_server.requests["LIST"] == 2
    store.remove_folder("objects")
    assert bucket_server.requests["DELETE"] == 2
    assert bucket_server.stored(bucket) == {}


def test_without_credentials_the_message_says_where_they_were_looked_for(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    meant = buckets.Bucket(bucket)._meant(OSError("PUT http://169.254.169.254/latest/api/token: timed out\n\nDebug"))
    assert "no credentials" in str(meant)
    assert "AWS_ACCESS_KEY_ID" in str(meant)


def test_other_clouds_and_wrong_addresses_are_told_apart_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Google's and Microsoft's storages are not run here: what is checked is that the library takes their URLs."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    for url in ("gs://bucket/desk", "s3://bucket/desk", "abfss://desk@account.dfs.core.windows.net/data"):
        schemes.check(url)
    with pytest.raises(ConfigError, match=r"Account must be specified.*AZURE_STORAGE_ACCOUNT_NAME"):
        schemes.check("az://container/desk")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    schemes.check("az://container/desk")


@pytest.mark.parametrize(
    ("url", "variable", "value", "word"),
    [
        ("s3://key:geheim@bucket/desk", "AWS_REGION", "eu-north-1", "do not stand in the URL"),
        ("s3://bucket/desk?secret=geheim", "AWS_REGION", "eu-north-1", "do not stand in the URL"),
        ("s3://bucket/desk", "AWS_ENDPOINT_URL", "minio:9000/geheim", "AWS_ENDPOINT_URL: write it like"),
        ("s3://bucket/desk", "AWS_SECRET_ACCESS_KEY", "geheim\n", "AWS_SECRET_ACCESS_KEY has blanks"),
        ("gs://bucket/desk", "GOOGLE_SERVICE_ACCOUNT", " /geheim", "GOOGLE_SERVICE_ACCOUNT has blanks"),
        ("s3:///desk", "AWS_REGION", "eu-north-1", "Look at the URL"),
    ],
)
def test_what_cannot_be_used_is_named_without_its_secret(
    url: str, variable: str, value: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=word) as raised:
        Store(url)
    assert "geheim" not in str(raised.value)


FORKING = """
import os, sys
from newswatch.storage.files import Store
opened, used = Store(sys.argv[1]), Store(sys.argv[1])
if not os.fork():
    opened.write("of-the-child", b"1")  # nobody has used a bucket before the fork
    os._exit(0)
os.wait()
used.write("of-the-parent", b"1")
if not os.fork():
    try:
        used.read("of-the-parent")
    except RuntimeError as error:
        print(error, flush=True)
    os._exit(0)
os.wait()
assert used.read("of-the-parent") == b"1"
"""


def test_a_process_that_was_forked_from_a_user_is_told_in_place_of_waiting_for_ever(
    bucket: str, bucket_server: BucketServer
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, bucket], capture_output=True, text=True, timeout=60, check=True
    )
    assert "this process was forked from one that uses a bucket" in done.stdout
    assert bucket_server.stored(bucket).keys() == {"of-the-child", "of-the-parent"}
