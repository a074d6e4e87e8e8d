"""What a publisher has agreed with us for a feed: headers and a login, whose secrets stand in the environment. Pure.

In feeds.yaml stands `${NAME}` in a secret's place, and no message ever repeats what stands there instead.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from newswatch.config.catalogue import Feed

_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110, section 5.1
_VALUE = re.compile(r"[\x20-\x7e]{1,4000}")  # section 5.5, without what means one thing to some and another to others
_SECRET_NAME = re.compile(r"(?i)auth|key|token|secret|pass|session|signature|credential")
_RANDOM = re.compile(r"(?=[A-Za-z_+/=-]*\d)(?=[\d_+/=-]*[A-Za-z])[A-Za-z0-9_+/=-]{16,}")  # no word that people write
_CONTACT = re.compile(r"(?i)(?:https?://|mailto:)\S{1,300}|[^\s@]{1,100}@[\w.-]{1,100}")
_OURS = re.compile(
    r"(?i)accept-encoding|connection|content-.*|cookie|expect|forwarded|host|if-.*|keep-alive|origin|proxy-.*|range|"
    r"referer|sec-.*|te|trailer|transfer-encoding|upgrade|user-agent|via|x-forwarded-.*|x-real-ip"
)
_LOGIN = "write below `auth:` either `bearer: ${NAME}`, or `user: name` and `password: ${NAME}`"


class Auth(NamedTuple):
    """A login by RFC 7617 (`user`, `password`) or RFC 6750 (`bearer`); each value may hold `${NAME}`."""

    user: str = ""
    password: str = ""
    bearer: str = ""


class MissingSecret(Exception):
    """An environment variable that a feed's headers or login need is not there, or is no text for a header."""


def checked_headers(value: Any) -> Sequence[tuple[str, str]]:
    """The headers of feeds.yaml as pairs. Raises ValueError, whose message holds no value."""
    if isinstance(value, tuple | list):  # they were checked before: a model's own form
        value = dict(value)
    if not isinstance(value, dict) or not value:
        raise ValueError("are pairs of a name and a text: write below `headers:` lines such as `X-Api-Key: ${NAME}`")
    for name, text in value.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ValueError("one of them has a name that no header has: use letters, digits and hyphens")
        if _OURS.fullmatch(name):
            raise ValueError(
                f"{name} is not for feeds.yaml to set: requests say who we are (NEWSWATCH_CONTACT) and are never "
                "disguised. Remove the line"
            )
        if name.lower() == "authorization":
            raise ValueError(f"{name} is a login: {_LOGIN}")
        if not isinstance(text, str) or not _VALUE.fullmatch(text):
            raise ValueError(
                f"the value of {name} is no text of one line in plain letters: write it in quotation marks"
            )
        if _is_secret(name, text):
            raise ValueError(f"{_in_clear(f'the value of {name}')} `{name}: ${{NAME}}`")
    return tuple(value.items())


def checked_auth(value: Any) -> Auth | None:
    """The login of feeds.yaml. Raises ValueError, whose message holds no value."""
    if value is None or isinstance(value, Auth):
        return value
    keys = set(value) if isinstance(value, dict) else set()
    if keys not in ({"bearer"}, {"user", "password"}) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError(f"is no login: {_LOGIN}")
    for key in keys & {"bearer", "password"}:
        if not _NAMED.fullmatch(value[key]):
            raise ValueError(f"{_in_clear(f'the {key}')} `{key}: ${{NAME}}`")
    if not value.get("user", "-") or ":" in value.get("user", ""):
        raise ValueError("its user is empty or has a colon in it, which no user's name may have (RFC 7617)")
    return Auth(**value)


def _is_secret(name: str, text: str) -> bool:
    """Whether a secret seems to stand there in clear: by the header's name, or since nobody writes such a word."""
    if _SECRET_NAME.search(name):
        return not _NAMED.search(text)
    return not _CONTACT.fullmatch(text) and bool(_RANDOM.search(_NAMED.sub(" ", text)))


def _in_clear(what: str) -> str:
    return f"{what} stands there in clear. Put it into an environment variable, and write its name instead:"


def request_headers(feed: Feed, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers of every request to the feed's own host, with their secrets. Raises MissingSecret."""
    headers = {name: _filled(text, environ) for name, text in feed.headers}
    if feed.auth is None:
        return headers
    user, password, bearer = (_filled(text, environ) for text in feed.auth)
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    return headers | {"Authorization": f"Bearer {bearer}" if bearer else f"Basic {basic}"}


def _filled(text: str, environ: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        found = environ.get(match[1], "").strip()
        if not found:
            raise MissingSecret(f"the environment variable {match[1]} is not set: set it where Newswatch runs")
        if not _VALUE.fullmatch(found):
            raise MissingSecret(
                f"the environment variable {match[1]} holds what no header may: a line of plain letters"
            )
        return found

    return _NAMED.sub(value, text)
