"""Addresses with a parameter that is another at every poll: entries that would be new each time, recognised. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from newswatch.feeds import wording
from newswatch.feeds.model import Entry
from newswatch.urls.canonical import differing_parameter, parameters_of


def candidates(entries: Sequence[Entry], known_keys: Set[str]) -> list[Entry]:
    """The entries that may be known under another address: new ones that go by an address with parameters."""
    return [e for e in entries if e.key not in known_keys and e.url and "?" in e.url and e.key.startswith("http")]


def recognised(
    entries: Sequence[Entry], known_keys: Set[str], same: Mapping[str, Sequence[tuple[str, str]]]
) -> tuple[Entry, ...]:
    """The entries of a listing, those under the key of before that are known entries at another address.

    `same`: for fingerprints of `candidates`, key and address of the feed's entries that have it, the first seen first.
    They are one where title, text and date are the same, and the addresses but for the value of one parameter; and
    where this parameter is another at every poll: no entry of the listing that has it is known by its address, and
    half of them or more are known but for it.
    """
    found: dict[str, tuple[str, str]] = {}  # key → the parameter, the key of before
    for entry in candidates(entries, known_keys):
        for key, url in same.get(wording.fingerprint(entry), ()):
            if entry.url and (name := differing_parameter(entry.url, url)):
                found.setdefault(entry.key, (name, key))
    if not found:
        return tuple(entries)
    counts = Counter(name for name, _ in found.values())
    having = {name: [e.key for e in entries if e.url and name in dict(parameters_of(e.url))] for name in counts}
    volatile = {n for n in counts if known_keys.isdisjoint(having[n]) and 2 * counts[n] >= len(having[n])}
    key_of = {key: before for key, (name, before) in found.items() if name in volatile}
    return tuple(replace(e, key=key_of.get(e.key, e.key)) for e in entries)
