"""The data dictionary, docs/tables.md: the columns of every table, the outcomes, the reasons why lines are cut."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from newswatch.days import syndication, trends
from newswatch.stories import fingerprint
from newswatch.tables import batch_tables, day_tables

OUTCOME_DOCS = {
    "ok": "feed, page: read and understood.",
    "not_modified": "feed: 304, or the same bytes as before.",
    "new": "entry: first seen here; its page is to be fetched.",
    "known": "entry: seen before.",
    "host_paused": "its host had asked for rest or failed three times in a row. A page waits some hours first.",
    "changed": "entry: seen before, with another title, text or date than now; its story is looked at again.",
    "reused": "entry: a key seen before, now with another title at another address: a story of its own.",
    "left_out": "entry: older than the 5,000 that are read of one document, or cut in half at its end.",
    "damaged": "feed: its end or some of its entries could not be read; the others count, its validators do not.",
    "unreadable": "feed: no reader, ours included, made anything of it; its bytes are kept.",
    "no_link": "entry: no usable link; the feed's own text became the story.",
    "file_damaged": "file: what the feed said of an entry is stored, but damaged; the page alone counts.",
    "file_missing": "file: what the feed said of an entry is stored no more; the page alone counts.",
    "empty": "entry: neither link nor text; nothing to keep.",
    "far_date": "page: read and understood; its date, which is believed, lies more than 31 days from the feed's and "
    "from the first sight.",
    "undated": "page: of a site's past, and nothing says when it was published; its bytes are kept, no story is made.",
    "shared_link": "page: its link had been asked for and is no story's page; the feed's own text became a story.",
    "same_story": "page: another entry led to the same canonical URL.",
    "http_NNN": "feed, page: the server's status.",
    "bot_check": "feed, page, visit: a check for bots in its place, which we do not pass: we say who we are.",
    "secret_missing": "feed, page, visit: its headers or login need an environment variable that is not set; nothing "
    "was asked.",
    "gone": "feed: 410; polled weekly.",
    "not_a_feed": "feed: a 200 that is no feed.",
    "no_story": "page, visit: HTML without a story's text. As with the five below, a new story is then the feed's own "
    "text, and one that was read before stays as it was.",
    "index_page": "page: a front page, a section's, a list.",
    "video_page": "page: a film with a line or two.",
    "gallery_page": "page: pictures with captions.",
    "consent_wall": "page: a request for consent in the story's place.",
    "soft_404": "page: says that there is no such page, with the status 200.",
    "unchanged": "visit: the story reads as it did.",
    "edited": "visit: its headline or text was changed; a new revision was kept, the old one stays.",
    "partial": "visit: the page gives the beginning alone now; the story stays as it was read.",
    "another_story": "visit: the page is another story's now; this one stays as it was read.",
    "robots_disallowed": "page: the host's robots.txt asks us not to.",
    "robots_unreachable": "page: robots.txt could not be had; tried again later.",
    "timeout": "the request had no result by its deadline, or the parser within its processor time.",
    "busy": "this machine was too busy to read it. No feed's and no page's fault: a feed is polled again soon, a page "
    "fetched again for some hours.",
    "crashed": "the parser's process ended, for example at its memory limit.",
    "failed": "the parser raised an error.",
    "too_large": "more bytes than the limit, on the wire or decoded.",
    "truncated": "the body ended before its stated end.",
    "bad_encoding": "a Content-Encoding that was not asked for or does not decode.",
    "address_refused": "a private or otherwise refused address or port.",
    "connection_failed": "no connection, or it broke.",
    "name_unknown": "the host name does not resolve.",
    "tls_failed": "no trusted TLS connection.",
    "redirect_loop": "more than five redirects, or a circle.",
    "bad_redirect": "redirected to something that is no web address.",
    "bad_url": "the link is no address.",
    "bad_answer": "the answer is no HTTP.",
}


REASON_DOCS = {
    "headline": "the headline once more.",
    "unread": "text in the story's box that stands before or after it, in a box of its own, or is no sentence: labels.",
    "repeated": "what the story says in another line, once more: a sentence set large.",
    "heading": "a heading under which nothing of the story stands.",
    "byline": "who wrote it, when.",
    "credit": "who took the picture, edited, contributed; where it comes from.",
    "copyright": "whose rights these are.",
    "related": "other stories: read more, see also, links alone in their paragraph, cards.",
    "newsletter": "a newsletter, briefing or channel to subscribe to.",
    "subscription": "a subscription to buy, a login.",
    "paywall": "that the rest is for subscribers.",
    "plea": "a request for support.",
    "share": "share, follow, print, write to us.",
    "comments": "readers' comments, and requests for them.",
    "app": "an app to get.",
    "cookies": "consent to cookies.",
    "advert": "advertising and its labels.",
    "player": "what surrounds films, sound and pictures.",
    "tags": "keywords.",
    "contents": "where to go on the page.",
    "hidden": "what the page does not show.",
    "rule": "a line of dashes or stars.",
    "recurring": "a line that stands in other stories of the host too.",
}


_templates = Environment(loader=PackageLoader("newswatch.days"), undefined=StrictUndefined, autoescape=False)  # noqa: S701


def dictionary() -> str:
    """The data dictionary, in Markdown."""
    lines = [
        "# Data dictionary",
        "",
        "Made by `make docs` from `include/newswatch/tables`; do not edit.",
        "",
        "One Parquet file a table and day: `tables/<table>/YYYY-MM-DD.parquet`, with the day in its `day` column.",
        "Read a whole table with `pandas.read_parquet('…/tables/topic_days')` or, in DuckDB,",
        "`SELECT * FROM '…/tables/topic_days/*.parquet'`.",
    ]
    for table in (*day_tables.TABLES, *batch_tables.BATCH_TABLES):
        place = "batches" if table.is_batch else "tables"
        lines += ["", f"## {table.name}", "", f"`{place}/{table.name}/`, one row: {table.grain}."]
        lines += [f"Key within a file: {', '.join(f'`{k}`' for k in table.key)}.", ""]
        lines += ["| column | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{c.name}` | {c.type} | {c.doc} |" for c in table.columns]
    rules = _templates.get_template("rules.md.j2").render(trends=trends, cluster=syndication, fingerprint=fingerprint)
    lines += ["", rules]
    lines += ["", "## Outcomes", "", "| outcome | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {doc} |" for name, doc in OUTCOME_DOCS.items()]
    lines += ["", "## Reasons for which lines are cut", "", "| reason | the line is |", "| --- | --- |"]
    lines += [f"| `{name}` | {doc} |" for name, doc in REASON_DOCS.items()]
    return "\n".join(lines) + "\n"
