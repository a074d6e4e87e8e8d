"""Adding feeds to feeds.yaml: entries in the file's own style at its end; every line that was there stays."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import ValidationError

from newswatch.config import feed_checks
from newswatch.config.catalogue import Feed, parse_catalogue, read_text
from newswatch.errors import ConfigError
from newswatch.urls.canonical import twin_key

MAX_ID_CHARS = 40  # leaves room for a number within the 63 that an id may have
_LETTERS = dict(zip("абвгдеёзийклмнопрстуфыэіїґ", "abvgdeeziyklmnoprstufyeiig", strict=True))
_SOUNDS = {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya", "є": "ye"}
_TO_LATIN = str.maketrans(_LETTERS | _SOUNDS | dict.fromkeys("ъь'’ʼ", ""))


def checked(**values: Any) -> Feed:
    """A feed of these values. Raises ConfigError with every one that feeds.yaml would not take."""
    name = values.get("id") or values.get("url")
    try:
        feed = Feed.model_validate(values)
    except ValidationError as error:
        raise ConfigError(
            [
                f"feed {name!r}: {problem['loc'][0]}: {str(problem['msg']).removeprefix('Value error, ')}."
                for problem in error.errors()
            ]
        ) from error
    if reason := feed_checks.unreachable(feed):
        raise ConfigError([f"feed {name!r}: {reason}"])
    return feed


def by_twin_key(feeds: Iterable[Feed]) -> dict[str, Feed]:
    """The feeds by what all spellings of their address share (http or https, `www.` or none, a final slash).

    For `urls.twin_key` of an address: the first feed that has it already.
    """
    found: dict[str, Feed] = {}
    for feed in feeds:
        found.setdefault(twin_key(feed.url), feed)
    return found


def make_id(title: str, url: str, taken: Collection[str]) -> str:
    """An id out of the title, else of the host; with a number where it is taken."""
    host = re.sub(r"^(?:www|feeds?|rss)\.", "", urlsplit(url).hostname or "")
    base = next(filter(None, map(_slug, (title, host))), "feed")
    numbered = (base if n == 1 else f"{base}-{n}" for n in count(1))
    return next(name for name in numbered if name not in taken)


def _slug(text: str) -> str:
    latin = unicodedata.normalize("NFKD", text.lower().translate(_TO_LATIN)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", latin)[:MAX_ID_CHARS].strip("-")


def add(config_dir: Path, new: Sequence[Feed]) -> None:
    """Append the feeds to feeds.yaml, whole or not at all.

    The new text is read back before the file is replaced: it must hold the old feeds and the new ones and be right in
    every other way. Raises ConfigError, and leaves the file as it was, where it is not, where the list has a form that
    no entry can be appended to, or where somebody else changed the file meanwhile.
    """
    path = (config_dir / "feeds.yaml").resolve()
    read_text(path)
    before = path.read_bytes()
    text, topics_text = before.decode("utf-8"), read_text(config_dir / "topics.yaml")
    old = parse_catalogue(text, topics_text)
    after = appended(text, new)
    if parse_catalogue(after, topics_text, ("", topics_text)).feeds != (*old.feeds, *new):
        raise ConfigError([f"{path}: the entries cannot be added to a file of this form. {_by_hand(new)}"])
    _replace(path, before, after.encode("utf-8"))


def appended(text: str, new: Sequence[Feed]) -> str:
    """The text of feeds.yaml with entries at its end, indented and parted as the last one there."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    entries = next((value for key, value in pairs if key.value == "feeds"), None)
    if not isinstance(entries, yaml.SequenceNode) or entries.flow_style or not entries.value:
        raise ConfigError([f"feeds.yaml: its list is not written one entry below the other. {_by_hand(new)}"])
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline)
    last = entries.value[-1].start_mark
    gap = newline if len(entries.value) > 1 and not lines[last.line - 1].strip() else ""
    blocks = [gap + _block(feed, entries.start_mark.column, last.column).replace("\n", newline) for feed in new]
    start = text if text.endswith(newline) else text + newline
    return start + newline.join(blocks) + newline


def shown(new: Sequence[Feed]) -> str:
    """The entries as they would stand in a file with an indent of two."""
    return "\n".join(_block(feed, 2, 4) for feed in new)


def _by_hand(new: Sequence[Feed]) -> str:
    return f"Nothing was written. Add by hand:\n{shown(new)}"


def _block(feed: Feed, dash: int, column: int) -> str:
    """One entry: keys in the order of the shipped file, those left out that say what goes without saying."""
    pairs = [(name, value) for name, value in feed.model_dump(exclude_defaults=True).items() if value is not None]
    lines = [f"{name}: {_scalar(value)}" for name, value in pairs]
    lead = " " * dash + "-" + " " * max(1, column - dash - 1)
    return lead + f"\n{' ' * len(lead)}".join(lines)


def _scalar(value: object) -> str:
    """A value on one line, quoted where YAML would take it for something else (`no`, `38-north: x`)."""
    return yaml.safe_dump(value, allow_unicode=True, width=10_000).removesuffix("\n").removesuffix("\n...")


def _replace(path: Path, before: bytes, after: bytes) -> None:
    """Put the new content in place of what was read, in one step."""
    beside: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            beside = Path(file.name)
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, beside)
        if path.read_bytes() != before:
            raise ConfigError([f"{path}: somebody else changed it just now. Nothing was written: try again."])
        os.replace(beside, path)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error}. It is as it was."]) from error
    finally:
        if beside:
            beside.unlink(missing_ok=True)
