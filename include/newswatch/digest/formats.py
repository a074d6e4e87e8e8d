"""Formats of a digest: HTML, Markdown, CSV and JSON, and the RSS feed of all digests. Each escapes for itself."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from functools import cache
from html import escape
from io import StringIO
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from lxml import etree
from markupsafe import Markup

from newswatch.digest.charts import ChartDay, small_chart
from newswatch.digest.content import Digest, Section
from newswatch.digest.escape import cell, isolated, markdown, markdown_address, web_address
from newswatch.digest.items import DigestItem, Evidence

CSV_COLUMNS = (
    "day", "issue", "section", "topic", "title", "outlet", "published_at", "language", "url", "story_id",
    "is_about", "mention_count", "outlet_count", "sentence", "match", "also", "copies",
)  # fmt: skip
# Of the file by itself: nothing runs, nothing is fetched. The pages in Airflow's UI have a policy of their own.
META_POLICY = Markup(
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
)
STATE_WORDS = {
    "normal": "usual", "spike": "spike", "silence": "silence", "too_few": "too few", "cannot_tell": "cannot tell",
    "open": "so far",
}  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("newswatch.digest"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "md": markdown, "web": web_address, "chart": chart, "link": markdown_address, "bdi": isolated,
    }  # fmt: skip
    environment.globals |= {"state_words": STATE_WORDS, "meta_policy": META_POLICY}
    return environment


def chart(section: Section) -> str:
    """The section's days as a small chart, as markup for the HTML template."""
    return small_chart(section.chart, said(section.chart), section.id)


def said(days: Sequence[ChartDay]) -> str:
    """A chart in words, for screen readers. `days`: at least one."""
    counts = ", ".join("no table" if d.count is None else str(d.count) for d in days)
    return f"Stories a day, {days[0].day} to {days[-1].day}: {counts}"


def to_html(digest: Digest) -> str:
    """One self-contained page, light and dark, without scripts."""
    return _environment().get_template("digest.html.j2").render(digest=digest)


def to_markdown(digest: Digest) -> str:
    """The digest in Markdown, with everything from outside escaped."""
    return _environment().get_template("digest.md.j2").render(digest=digest)


def to_csv(digest: Digest) -> str:
    """A row for each item of the digest, late additions too, under CSV_COLUMNS.

    It begins with a byte order mark, by which Excel knows UTF-8.
    """
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for day, kind, topic, line in _lines(digest):
        values = (
            str(day), digest.number, kind, topic, line.title, line.outlet, _utc(line.moment), line.language,
            web_address(line.url), line.story_id, str(line.is_about).lower(), line.mention_count,
            len({line.outlet, *(c.outlet for c in line.copies)}), line.evidence.sentence, line.evidence.surface,
            ", ".join(line.also), " ".join(web_address(c.url) for c in line.copies),
        )  # fmt: skip
        writer.writerow([cell(value) for value in values])
    return "\ufeff" + text.getvalue()


def to_json(digest: Digest) -> str:
    """A JSON Feed 1.1 (jsonfeed.org); what that has no word for stands under `_newswatch`."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": digest.title,
        "description": digest.coverage,
        "language": "en",
        "items": [_item(*place) for place in _lines(digest)],
        "_newswatch": {
            "day": str(digest.day),
            "issue": digest.number,
            "timezone": digest.timezone,
            "topics_version": digest.topics_version,
            "counts": dict(digest.counts),
            "topics": [_topic(section) for section in digest.sections],
        },
    }
    return json.dumps(feed, ensure_ascii=False, indent=1) + "\n"


def _lines(digest: Digest) -> Iterator[tuple[date, str, str, DigestItem]]:
    for section in digest.sections:
        for line in section.lines:
            yield digest.day, "day", section.name, line
    for late in digest.late:
        for topic, line in late.lines:
            yield late.day, "late", topic, line


def _item(day: date, kind: str, topic: str, line: DigestItem) -> dict[str, Any]:
    proof = line.evidence
    return {
        "id": line.story_id,
        "url": web_address(line.url),
        "title": line.title,
        "content_text": proof.sentence,
        "date_published": _utc(line.moment),
        "authors": [{"name": line.outlet}],
        "language": line.language,
        "tags": [topic, *line.also],
        "_newswatch": {
            "day": str(day),
            "section": kind,
            "topic": topic,
            "is_about": line.is_about,
            "mention_count": line.mention_count,
            "match": _match(proof),
            "also": [
                {"topic": o.name, "sentence": o.evidence.sentence, "match": _match(o.evidence)} for o in line.others
            ],
            "cluster_id": line.cluster_id,
            "copies": [{"outlet": c.outlet, "url": web_address(c.url), "story_id": c.story_id} for c in line.copies],
        },
    }


def _match(proof: Evidence) -> dict[str, int]:
    """Where in its sentence the match stands, in characters."""
    return {"start": len(proof.before), "end": len(proof.before) + len(proof.surface)}


def _topic(section: Section) -> dict[str, Any]:
    reading = {"state": section.reading.state, "reading": section.reading.text}
    return {"id": section.id, "name": section.name, **section.counts, **reading}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


FORMATS: Mapping[str, Callable[[Digest], str]] = {
    "digest.html": to_html,
    "digest.md": to_markdown,
    "digest.csv": to_csv,
    "digest.json": to_json,
}


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One delivered digest, as the feed of digests lists it."""

    day: date
    number: int
    issued_at: datetime
    title: str
    summary: str


def to_rss(items: Sequence[FeedItem], pages_url: str) -> bytes:
    """The digests as RSS 2.0, UTF-8, in the order given. Links lead below `pages_url`; "": items have none."""
    root = etree.Element("rss", version="2.0")
    channel = etree.SubElement(root, "channel")
    home = pages_url or "https://newswatch.invalid"  # RSS wants a link; this name leads nowhere by its standard
    for name, text in (("title", "Newswatch digests"), ("link", home), ("description", "One digest a day.")):
        etree.SubElement(channel, name).text = text
    for item in items:
        element = etree.SubElement(channel, "item")
        etree.SubElement(element, "title").text = item.title
        if pages_url:
            etree.SubElement(element, "link").text = f"{pages_url}/digest/{item.day}/{item.number}"
        etree.SubElement(element, "guid", isPermaLink="false").text = f"newswatch-{item.day}-{item.number}"
        etree.SubElement(element, "pubDate").text = format_datetime(item.issued_at.astimezone(UTC), usegmt=True)
        etree.SubElement(element, "description").text = "<br>".join(map(escape, item.summary.split("\n")))  # it is HTML
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return content


def summary_of(digest: Digest) -> str:
    """The day in a few lines of plain text: for messages and the feed of digests."""
    lines = [f"{digest.counts['seen_story_count']} stories from {digest.outlet_count} outlets. {digest.coverage}"]
    for section in digest.sections:
        if section.story_count or section.reading.state in ("silence", "cannot_tell"):
            state = "" if section.reading.state == "normal" else f"{STATE_WORDS[section.reading.state]}: "
            lines.append(f"{section.name}: {section.story_count} ({state}{section.reading.text})")
    late = sum(len(late.lines) for late in digest.late)
    lines += [f"Late additions: {late}"] if late else []
    return "\n".join(lines)
