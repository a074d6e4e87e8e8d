"""The fault matrix as a table. Run with `tests` on the path, this module prints docs/faults.md."""

from __future__ import annotations

import in_answers
import in_bodies
import on_the_wire
from fault import table
from of_buckets import BUCKET_FAULTS
from pages import PAGE_FAULTS

GROUPS = {
    "Time": on_the_wire.TIME,
    "Size": on_the_wire.SIZE,
    "HTTP's framing": on_the_wire.FRAMING,
    "Connections": on_the_wire.CONNECTION,
    "TLS": on_the_wire.TLS,
    "Encodings": in_bodies.ENCODINGS,
    "Types": in_bodies.TYPES,
    "Documents": in_bodies.DOCUMENTS,
    "Statuses": in_answers.STATUSES,
    "Redirects": in_answers.REDIRECTS,
    "Headers": in_answers.HEADERS,
}
FAULTS = [fault for faults in GROUPS.values() for fault in faults]
_TITLES = ("behaviour", "the server …", "outcome", "what is kept")


def document() -> str:
    """The whole matrix, in Markdown."""
    lines = [
        "# What servers do, and what comes of it",
        "",
        "Made by `make docs` from the table that `tests/faults` runs; do not edit.",
        "",
        f"A hostile server shows {len(FAULTS)} behaviours to feeds and {len(PAGE_FAULTS)} to pages. Each feed is",
        "polled well, then at fault, then well again: entries that were known stay known, and those that were missed",
        "are found once the server is well. *Old validators*: ETag and Last-Modified of the last good poll are sent",
        "the next time too.",
        "Outcomes are explained in [tables.md](tables.md).",
        "",
        f"An S3 server on loopback shows {len(BUCKET_FAULTS)} behaviours to a store that puts, reads, moves, removes",
        "and lists files.",
    ]
    for title, faults in GROUPS.items():
        lines += ["", f"## {title}", "", *table([(f.name, f.does, f"`{f.outcome}`", f.kept) for f in faults], _TITLES)]
    rows = [(f.name, f.does, f"`{f.outcome}`", f.kept) for f in PAGE_FAULTS]
    lines += ["", "## Pages and robots.txt", "", *table(rows, _TITLES)]
    rows = [(f.name, f"{f.does} ({', '.join(f.kinds)})", f"`{f.outcome}`", f.kept) for f in BUCKET_FAULTS]
    titles = ("behaviour", "the storage … (to which requests)", "what is raised", "what is kept")
    lines += ["", "## Object storage", "", *table(rows, titles)]
    return "\n".join(lines) + "\n"


def main() -> None:
    print(document(), end="")  # noqa: T201 - that is what it is for


if __name__ == "__main__":
    main()
