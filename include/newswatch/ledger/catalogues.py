"""Accepted contents of feeds.yaml and topics.yaml, so that a wrong edit stops nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.config.catalogue import Catalogue
from newswatch.ledger import schema as t


@dataclass(frozen=True, slots=True)
class TopicsVersion:
    """A content of topics.yaml that was in force, and when it was accepted last."""

    topics_version: str
    accepted_at: datetime


def accept(connection: sa.Connection, catalogue: Catalogue, now: datetime) -> None:
    """Remember this content as the last good one."""
    row = {
        "version": catalogue.version,
        "topics_version": catalogue.topics_version,
        "feeds_text": catalogue.feeds_text,
        "topics_text": catalogue.topics_text,
        "accepted_at": now,
    }
    statement = insert(t.catalogues).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=["version"], set_={"accepted_at": now}))


def last_good(connection: sa.Connection) -> tuple[str, str] | None:
    """Texts of feeds.yaml and topics.yaml that were accepted last."""
    newest = t.catalogues.c.accepted_at.desc()
    row = connection.execute(
        sa.select(t.catalogues.c.feeds_text, t.catalogues.c.topics_text).order_by(newest).limit(1)
    ).one_or_none()
    return (row.feeds_text, row.topics_text) if row else None


def topics_versions(connection: sa.Connection) -> list[TopicsVersion]:
    """Every version of topics.yaml that was ever in force, the last accepted first."""
    c = t.catalogues.c
    accepted = sa.func.max(c.accepted_at).label("accepted_at")
    statement = sa.select(c.topics_version, accepted).group_by(c.topics_version).order_by(accepted.desc())
    return [TopicsVersion(**row._asdict()) for row in connection.execute(statement)]


def topics_text(connection: sa.Connection, version: str) -> str | None:
    """topics.yaml as it was in that version; None: there never was one."""
    c = t.catalogues.c
    return connection.execute(sa.select(c.topics_text).where(c.topics_version == version).limit(1)).scalar()


def word_forms(connection: sa.Connection, topics_version: str, made_by: str) -> Any:
    """Word forms by language and phrase that were made for the version; None: not yet, or by other code."""
    c = t.word_forms.c
    here = (c.topics_version == topics_version) & (c.made_by == made_by)
    return connection.execute(sa.select(c.forms).where(here)).scalar()


def save_word_forms(connection: sa.Connection, topics_version: str, made_by: str, forms: Any) -> None:
    """Keep them, and none of other versions."""
    connection.execute(sa.delete(t.word_forms).where(t.word_forms.c.topics_version != topics_version))
    row = {"topics_version": topics_version, "made_by": made_by, "forms": forms}
    connection.execute(insert(t.word_forms).values(**row).on_conflict_do_nothing())
