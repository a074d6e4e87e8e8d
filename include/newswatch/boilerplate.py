"""Lines on a story's page that are not the story: pleas, prompts, boxes. A table of phrases by language.

A phrase takes out the whole line, so each is narrow: what a publisher says to readers, never what a story reports.
"""

from __future__ import annotations

import re

# Each row: (what it is, pattern over the lower-cased line). Collected by reading pages; sorted by language and kind.
_PHRASES: tuple[tuple[str, str], ...] = (
    ("subscribe", r"^subscribe (?:to|for|now|today)\b"),
    ("subscribe", r"\bto bookmark (?:this|your favou?rite) (?:article|stor)"),
    ("subscribe", r"^(?:already a (?:subscriber|member)|want to (?:bookmark|save) )"),
    ("subscribe", r"^(?:sign up|register|log ?in|subscribe) (?:here |now |today |free )*(?:to|for|and) "),
    ("newsletter", r"^(?:get|receive) .{0,60}(?:in|to) your inbox"),
    ("newsletter", r"\b(?:sign up (?:for|to)|subscribe to) (?:our|the) .{0,40}(?:newsletter|briefing|podcast)"),
    ("newsletter", r"^(?:get|receive|join) the [\w' ]{3,40}(?:briefing|newsletter|bulletin)\b(?:[:.!].*)?$"),
    ("newsletter", r"^(?:рассылка|розсилка)\s*:"),
    ("comments", r"^(?:join (?:our|the) (?:commenting|conversation|discussion)|(?:post|leave|add) a comment\b)"),
    ("comments", r"^(?:\d+ )?comments?(?: \(\d+\))?$"),
    ("comments", r"^join thought-provoking conversations"),
    ("plea", r"\byour (?:support|donation|contribution|gift)s? (?:makes|helps|allows|enables|keeps|lets|means)\b"),
    (
        "plea",
        r"^from .{5,160}, (?:our (?:reporters|journalists|correspondents)|we|the [\w ]{3,40}) (?:is|are) "
        r"(?:there|on the ground)\b",
    ),
    ("plea", r"\bpaid for by (?:our )?(?:readers|members|supporters)\b"),
    ("plea", r"\b(?:please|consider) (?:donat|contribut|support)(?:e|ing)\b.{0,80}$"),
    ("plea", r"^(?:support|donate to|help) (?:us|our (?:journalism|reporters|newsroom|work))\b"),
    (
        "plea",
        r"\b(?:our|independent) (?:reporters|journalists|journalism|newsroom)\b.{0,200}\b(?:donat|your support|fund|"
        r"contribut|paywall|subscri)",
    ),
    (
        "plea",
        r"\b(?:your support|donat\w+|contribut\w+)\b.{0,200}\b(?:our|independent) (?:reporters|journalists|"
        r"journalism|newsroom|reporting)\b",
    ),
    (
        "related",
        r"^(?:read (?:more|also|next)|related(?: (?:stories|articles|links|topics|coverage))?|more on this story|"
        r"see also|recommended|most read|also read|you may also like)\b\s*(?::.*)?$",
    ),
    ("related", r"^(?:read (?:more|also)|see also|related|recommended)\s*[:>»–—-]"),
    ("share", r"^(?:share (?:this|on|via)|follow us (?:on|at)|copy link|print this)\b"),
    ("share", r"^(?:write to the editor|print this page)(?: \| .{0,60})?$"),
    ("app", r"^(?:download (?:the|our) app|open in app|get the app)\b"),
    ("cookies", r"\b(?:we use cookies|accept (?:all )?cookies|cookie (?:policy|settings))\b"),
    ("plea", r"^(?:поддержите|поддержать) (?:нас|нашу|наше|редакцию|проект|независим)"),
    ("plea", r"\b(?:ваш[аеу]? (?:поддержк|пожертвовани|донат)\w*|сделайте пожертвование|оформите пожертвование)\b"),
    ("subscribe", r"^(?:подписывайтесь|подпишитесь|подписаться|следите за нами|читайте нас)\b"),
    ("related", r"^(?:читайте (?:также|еще|ещё|далее)|по теме|смотрите также|материалы по теме|подробнее)\s*(?::.*)?$"),
    ("related", r"^(?:читайте (?:также|еще|ещё|далее)|смотрите также)\b"),
    ("comments", r"^(?:комментарии|оставить комментарий|обсудить)(?: \(?\d+\)?)?$"),
    ("share", r"^поделиться\b.{0,40}$"),
    ("plea", r"^(?:підтримайте|підтримати) (?:нас|нашу|наше|редакцію|незалежн)"),
    ("plea", r"\b(?:ваша підтримка|вашій підтримці|вашої підтримки|зробіть (?:внесок|пожертву|донат))\b"),
    ("subscribe", r"^(?:підписуйтесь|підписуйтеся|підпишіться|підписатися|стежте за нами|читайте нас)\b"),
    ("related", r"^(?:читайте (?:також|ще|далі)|дивіться також)\b"),
    ("related", r"^(?:за темою|матеріали за темою)\s*(?::.*)?$"),
    ("comments", r"^(?:коментарі|залишити коментар|обговорити)(?: \(?\d+\)?)?$"),
    ("share", r"^поділитися\b.{0,40}$"),
)
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _PHRASES)
_QUOTES = ("“", "«", "„", '"', "‘", "—")  # somebody speaks: a story's line
MAX_LINE_CHARS = 700  # a longer line is a story's paragraph, whatever it says


def kind_of(line: str) -> str | None:
    """Which kind of furniture the line is, or None: it stays."""
    if len(line) > MAX_LINE_CHARS or line.startswith(_QUOTES):
        return None
    low = line.lower().replace("’", "'")
    return next((kind for kind, pattern in _PATTERNS if pattern.search(low)), None)


def remove(text: str) -> tuple[str, int]:
    """The text without such lines, and how many were taken out."""
    lines = text.split("\n")
    kept = [line for line in lines if kind_of(line) is None]
    return "\n".join(kept), len(lines) - len(kept)
