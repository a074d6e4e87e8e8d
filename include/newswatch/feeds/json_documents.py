"""Feeds in JSON: JSON Feed 1.0 and 1.1, and the posts of WordPress' REST interface. From text to items. Pure.

https://www.jsonfeed.org/version/1.1/ and https://developer.wordpress.org/rest-api/reference/posts/. A field of another
type than the form has counts as not stated.
"""

from __future__ import annotations

import json
import re
from typing import Any

from newswatch.feeds.lxml_reader import Item, Link, ParsedDocument, Text
from newswatch.feeds.model import FeedKind
from newswatch.feeds.repair import without_surrogates

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/1(?:\.\d+)?/?")


class NoJson(ValueError):
    """The text is no JSON, or only the beginning of one."""


def load(text: str) -> Any:
    """The document. Raises NoJson, also for one that is nested too deeply."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoJson(str(error)[:200]) from error


def kind_of(document: Any) -> FeedKind | None:
    """`json_feed`, `wordpress`, or None: neither. An empty list is neither, until somebody says that it has posts."""
    if isinstance(document, dict) and _VERSION.fullmatch(_text(document.get("version"))):
        return "json_feed"
    is_posts = isinstance(document, list) and any(_is_post(post) for post in document)
    return "wordpress" if is_posts else None


def json_feed(document: dict[str, Any], max_items: int) -> tuple[ParsedDocument, int]:
    """The feed's first `max_items` items, and how many more it has. It lists the newest first ("items")."""
    stated = document.get("items")
    items = [item for item in stated if isinstance(item, dict)] if isinstance(stated, list) else []
    parsed = ParsedDocument(
        tuple(map(_item, items[:max_items])), is_atom=False, site=_text(document.get("home_page_url")).strip()
    )
    return parsed, max(0, len(items) - max_items)


def wordpress(document: list[Any], max_items: int) -> tuple[ParsedDocument, int]:
    """The first `max_items` posts, and how many more there are."""
    posts = [post for post in document if _is_post(post)]
    return ParsedDocument(tuple(map(_post, posts[:max_items])), is_atom=False, site=""), max(0, len(posts) - max_items)


def _item(item: dict[str, Any]) -> Item:
    """An item as a parser of XML would give it. An id that is a number counts as its digits ("id")."""
    stated = item.get("id")
    guid = str(stated) if isinstance(stated, int | float) and not isinstance(stated, bool) else _text(stated)
    texts = (
        Text(_text(item.get("content_html"))),
        Text(_text(item.get("content_text")), is_literal=True),
        Text(_text(item.get("summary")), is_literal=True),
    )
    return Item(
        guid=guid,
        is_permalink=True,
        links=(Link(_text(item.get("url"))), Link(_text(item.get("external_url")), "related")),
        original_link="",
        title=Text(_text(item.get("title")), is_literal=True),
        texts=tuple(text for text in texts if text.value),
        authors=_authors(item),
        dates=_dates(item, "date_published", "date_modified"),
    )


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    """Names by 1.1, else the one of 1.0."""
    several = item.get("authors")
    authors = several if isinstance(several, list) else [item.get("author")]
    return tuple(_text(author.get("name")) for author in authors if isinstance(author, dict))


def _post(post: dict[str, Any]) -> Item:
    """A post as a parser of XML would give it. `date_gmt` is UTC and says so nowhere."""
    utc = {name: f"{value}Z" for name in ("date_gmt", "modified_gmt") if (value := _text(post.get(name)))}
    return Item(
        guid=_rendered(post.get("guid")),
        is_permalink=False,
        links=(Link(_text(post.get("link"))),),
        original_link="",
        title=Text(_rendered(post.get("title"))),
        texts=tuple(Text(text) for name in ("excerpt", "content") if (text := _rendered(post.get(name)))),
        authors=(),
        dates=_dates(utc, "date_gmt", "modified_gmt"),
    )


def _is_post(post: Any) -> bool:
    return isinstance(post, dict) and bool(_text(post.get("link")))


def _rendered(field: Any) -> str:
    return _text(field.get("rendered") if isinstance(field, dict) else field)


def _dates(stated: dict[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(value for name in names if (value := _text(stated.get(name))))


def _text(value: Any) -> str:
    """A text without the halves of characters that JSON may write as escapes; anything else is none."""
    return without_surrogates(value) if isinstance(value, str) else ""
