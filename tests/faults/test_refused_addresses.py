"""Lured to private addresses: in every dress they are refused, and no connection to one is so much as attempted.

The rules are the real ones. What is let through are public addresses; `connect` is caught at the socket and led to a
server on loopback, so that no packet leaves this machine.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from clocks import Clock
from fault import BEFORE, FEED_TYPE
from hostile import Answer, Hostile, plain, redirect
from matrix import SETTINGS, catalogue, names, unknown
from pydantic import ValidationError
from refused import LURES, METADATA, NAMES, OTHER_PUBLIC, PUBLIC, Lure

from newswatch.config.catalogue import Feed
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, fetch_pending, open_newswatch, poll
from newswatch.settings import Settings


@dataclass
class Attempts:
    """Every address that a socket was told to connect to, in order."""

    made: list[tuple[str, int]] = field(default_factory=list)

    @property
    def hosts(self) -> set[str]:
        return {host for host, _ in self.made}


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    """The let-through first hop; and, on a port of its own on both loopbacks, a victim that only counts."""
    with Hostile() as running:
        yield running


@pytest.fixture(scope="module")
def victim() -> Iterator[Hostile]:
    with Hostile() as running:
        running.open(running.port, hosts=("::1",))
        yield running
        assert running.count == 0


@pytest.fixture(scope="module")
def attempts(hostile: Hostile) -> Iterator[Attempts]:
    """Catches every connect: port 80 of the first hop's address leads to the hostile server, all else to nobody."""
    found = Attempts()
    connect = socket.socket.connect

    def caught(self: socket.socket, address: Any) -> None:
        found.made.append(address[:2])
        if address[:2] != (PUBLIC, 80):
            raise ConnectionRefusedError(f"caught on the way to {address}")
        connect(self, ("127.0.0.1", hostile.port))

    with pytest.MonkeyPatch.context() as patch, names(lambda host: _looked_up(host)):
        patch.setattr(socket.socket, "connect", caught)
        patch.setattr(socket.socket, "connect_ex", caught)
        yield found


def _looked_up(host: str) -> list[str]:
    name = host.rstrip(".").lower()
    return NAMES[name] if name in NAMES else unknown(host)


@pytest.fixture
def open_with(
    attempts: Attempts, new_database: Callable[[], str], tmp_path: Path
) -> Iterator[Callable[..., Newswatch]]:
    opened: list[Newswatch] = []

    def make(feeds: list[dict[str, Any]]) -> Newswatch:
        values = SETTINGS | {"home": tmp_path, "data_url": str(tmp_path / "data"), "database_url": new_database()}
        harmless = [{"id": "unasked", "url": "http://unasked.test/feed"}]
        values |= {"config_dir": catalogue(tmp_path / "config", harmless), "request_deadline_seconds": 10.0}
        nw = open_newswatch(Settings.model_validate(values))
        given = tuple(Feed(**{"outlet": feed["id"], "language": "en", **feed}) for feed in feeds)
        # As if `check` let them pass, which refuses the plainest: the socket must not depend on it.
        opened.append(replace(nw, clock=Clock(), catalogue=nw.catalogue.model_copy(update={"feeds": given})))
        attempts.made.clear()
        return opened[-1]

    yield make
    for nw in opened:
        nw.close()


_VICTIMS = ("127.0.0.1", "[::1]", "localhost", "0.0.0.0", "[::]", "0x7f.1", "[::ffff:127.0.0.1]", "x.localhost")


def _polls(nw: Newswatch) -> dict[str, str]:
    with nw.ledger.begin() as connection:
        return {row.feed_id: row.outcome for row in connection.execute(sa.select(t.polls))}


def _is_configurable(url: str) -> bool:
    try:
        Feed(id="a", outlet="A", url=url, language="en")
    except ValidationError:
        return False
    return True


def test_no_lure_is_reached_as_a_feeds_own_address(
    open_with: Callable[..., Newswatch], attempts: Attempts, victim: Hostile
) -> None:
    known = {f"lure-{number}": lure for number, lure in enumerate(LURES) if _is_configurable(lure.url)}
    feeds = [{"id": feed_id, "url": lure.url} for feed_id, lure in known.items()]
    feeds += [{"id": f"v{n}", "url": f"http://{h}:{victim.port}/"} for n, h in enumerate(_VICTIMS)]
    nw = open_with(feeds)
    poll(nw, list(nw.feeds), "test")

    outcomes = _polls(nw)
    found = {lure.url: outcomes.get(f"lure-{number}", "config") for number, lure in enumerate(LURES)}
    assert found == {lure.url: lure.direct for lure in LURES}
    assert {outcomes[f"v{n}"] for n in range(len(_VICTIMS))} == {"address_refused"}
    assert attempts.hosts == {PUBLIC, OTHER_PUBLIC}  # the ports that feeds name themselves
    assert 80 not in {port for _, port in attempts.made}


def test_no_lure_is_reached_by_a_redirect(
    open_with: Callable[..., Newswatch], attempts: Attempts, hostile: Hostile, victim: Hostile
) -> None:
    lures = {**{f"lure-{n}": lure for n, lure in enumerate(LURES)}, "port": Lure(f"http://127.0.0.1:{victim.port}/")}
    for feed_id, lure in lures.items():
        hostile.answers[f"/{feed_id}"] = _led_to(lure)
    nw = open_with([{"id": feed_id, "url": f"http://first.example/{feed_id}"} for feed_id in lures])
    poll(nw, list(nw.feeds), "test")

    outcomes = _polls(nw)
    assert {lure.url: outcomes[feed_id] for feed_id, lure in lures.items()} == {x.url: x.hop for x in lures.values()}
    assert set(attempts.made) == {(PUBLIC, 80)}
    assert len(attempts.made) == len(lures)


def test_no_lure_is_reached_by_a_page_or_its_redirect(
    open_with: Callable[..., Newswatch], attempts: Attempts, hostile: Hostile
) -> None:
    """An entry that may pass (a name that is not known) is tried again; one that is refused becomes the feed's text."""
    feeds = []
    for number, lure in enumerate(LURES):
        hostile.answers[f"/lead/{number}"] = _led_to(lure)
        links = (lure.url, f"http://first.example/lead/{number}")
        items = "".join(f"<item><title>{n}</title><link><![CDATA[{x}]]></link></item>" for n, x in enumerate(links))
        body = f'<rss version="2.0"><channel><title>Good</title>{items}</channel></rss>'.encode()
        hostile.answers[f"/feed/{number}"] = plain(body, Content_Type=FEED_TYPE)
        feeds.append({"id": f"lure-{number}", "url": f"http://first.example/feed/{number}"})
    nw = open_with(feeds)
    poll(nw, list(nw.feeds), "test")
    fetch_pending(nw, "test")

    outcomes: dict[str, Counter[str]] = {}
    with nw.ledger.begin() as connection:
        pending = Counter(connection.scalars(sa.select(t.entries.c.feed_id).where(t.entries.c.state == "pending")))
        for row in connection.execute(sa.select(t.outcomes).where(t.outcomes.c.outcome.not_in(["ok", "new"]))):
            outcomes.setdefault(row.feed_id, Counter())[row.outcome] += row.outcome_count
    wanted = {lure.url: Counter([lure.link, _hop_of_a_page(lure)]) for lure in LURES}
    assert {lure.url: outcomes[f"lure-{number}"] for number, lure in enumerate(LURES)} == wanted
    assert {lure.url: pending[f"lure-{n}"] for n, lure in enumerate(LURES)} == {
        url: outcome["robots_unreachable"] for url, outcome in wanted.items()
    }
    assert set(attempts.made) == {(PUBLIC, 80)}


def _hop_of_a_page(lure: Lure) -> str:
    """A host that has no name has no robots.txt either."""
    return "robots_unreachable" if lure.hop == "name_unknown" else lure.hop


def _led_to(lure: Lure) -> Answer:
    return redirect(lure.url.replace("\n", "").encode().decode("latin-1"))


def test_of_a_name_with_several_addresses_only_the_public_one_is_tried(
    open_with: Callable[..., Newswatch], attempts: Attempts, hostile: Hostile
) -> None:
    hostile.answers["/mixed"] = plain(BEFORE, Content_Type=FEED_TYPE)
    nw = open_with([{"id": "mixed", "url": "http://mixed.example/mixed"}])

    assert poll(nw, ["mixed"], "test").feed_outcomes == {"ok": 1}
    assert attempts.made == [(PUBLIC, 80)]


def test_a_name_that_changes_its_answer_is_looked_up_once_a_connection_and_refused_when_it_turns(
    open_with: Callable[..., Newswatch], attempts: Attempts, hostile: Hostile
) -> None:
    """Rebinding: what was checked is what is connected to, because the name is not asked for in between."""
    asked: Counter[str] = Counter()

    def turning(host: str) -> list[str]:
        asked[host] += 1
        return [PUBLIC] if asked[host] == 1 else ["127.0.0.1"]

    hostile.answers["/turning"] = plain(BEFORE, Content_Type=FEED_TYPE)
    hostile.answers["/leading"] = redirect("http://leading.example/again")
    nw = open_with([{"id": n, "url": f"http://{n}.example/{n}"} for n in ("turning", "leading")])
    with names(turning):
        outcomes = poll(nw, ["turning"], "test").feed_outcomes
        assert (outcomes, asked) == ({"ok": 1}, {"turning.example": 1})
        assert poll(nw, ["turning", "leading"], "test").feed_outcomes == {"address_refused": 2}
    assert asked == {"turning.example": 2, "leading.example": 2}
    assert attempts.made == [(PUBLIC, 80)] * 2


def test_no_mark_opens_a_clouds_metadata(open_with: Callable[..., Newswatch], attempts: Attempts) -> None:
    lures = [
        *METADATA,
        Lure("http://metadata.google.internal/computeMetadata/v1/"),
        Lure("http://169.254.169.254:8080/"),
    ]
    nw = open_with([{"id": f"f{n}", "url": x.url, "allow_private": True} for n, x in enumerate(lures)])
    poll(nw, list(nw.feeds), "test")

    outcomes = _polls(nw)
    assert {x.url: outcomes[f"f{n}"] for n, x in enumerate(lures)} == {x.url: x.direct for x in lures}
    assert attempts.made == []


def test_a_port_that_a_feeds_own_address_names_is_open_to_that_feed_alone(
    open_with: Callable[..., Newswatch], attempts: Attempts, hostile: Hostile
) -> None:
    hostile.answers["/other"] = redirect("http://public.example:8080/feed")
    own = {"id": "own", "url": "http://public.example:8080/feed"}
    nw = open_with([own, {"id": "other", "url": "http://first.example/other"}])
    poll(nw, list(nw.feeds), "test")

    assert _polls(nw) == {"own": "connection_failed", "other": "address_refused"}
    assert sorted(attempts.made) == [(PUBLIC, 80), (OTHER_PUBLIC, 8080)]


def test_neither_proxies_of_the_environment_nor_a_netrc_are_used(
    open_with: Callable[..., Newswatch],
    attempts: Attempts,
    hostile: Hostile,
    victim: Hostile,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{victim.port}")
    monkeypatch.setenv("NO_PROXY", "nothing.example")
    (tmp_path / "netrc").write_text("machine first.example login user password word\ndefault login a password b\n")
    (tmp_path / ".netrc").write_text((tmp_path / "netrc").read_text())
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    hostile.answers["/open"] = plain(BEFORE, Content_Type=FEED_TYPE)
    nw = open_with([{"id": "open", "url": "http://first.example/open"}])

    assert poll(nw, ["open"], "test").feed_outcomes == {"ok": 1}
    assert attempts.made == [(PUBLIC, 80)]
    assert "Authorization" not in hostile.calls[-1].head
