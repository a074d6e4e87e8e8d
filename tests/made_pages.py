"""An ordinary page of a story, for tests in which its markup does not matter."""

from __future__ import annotations

HTML = "text/html; charset=utf-8"
PARAGRAPHS = (
    "The harbour board met in the old customs house on Tuesday and heard three reports on the state of the quay.",
    "Members asked for figures, which the clerk promised for the following week, together with a plan of the works.",
)


def ordinary_page(title: str = "The board met", *paragraphs: str, head: str = "", language: str = "en") -> str:
    """The page of a story with this title and these paragraphs (else PARAGRAPHS); `head` is added to its head."""
    body = "".join(f"<p>{text}</p>" for text in paragraphs or PARAGRAPHS)
    return (
        f"<html lang='{language}'><head><title>{title}</title>{head}</head>"
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    )
