"""The ledger's schema forward and back: a later version's ledger is named, and an earlier version can be had again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from ask import values

from newswatch.errors import ConfigError
from newswatch.ledger import Ledger, known_revisions
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, fetch_pending, poll

NEWEST = max(known_revisions())


def shape(ledger: Ledger) -> dict[str, list[str]]:
    """Columns by table, and indexes."""
    with ledger.begin() as connection:
        seen = sa.inspect(connection)
        return {
            name: sorted(
                [f"{c['name']} {c['type']} {c['nullable']}" for c in seen.get_columns(name)]
                + [str(index["name"]) for index in seen.get_indexes(name)]
            )
            for name in seen.get_table_names()
        }


def test_a_ledger_goes_back_step_by_step_and_forward_again_with_its_stories(nw: Newswatch) -> None:
    poll(nw, ["vale-ledger", "ranok"], "poll")
    fetch_pending(nw, "poll")
    before, stories = shape(nw.ledger), sorted(values(nw, sa.select(t.stories.c.story_id)))
    assert stories
    for revision in sorted(known_revisions() - {NEWEST}, reverse=True):
        nw.ledger.go_back(revision)
        with nw.ledger.begin() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM stories")) == len(stories)
    nw.ledger.migrate()
    assert shape(nw.ledger) == before
    assert sorted(values(nw, sa.select(t.stories.c.story_id))) == stories


def test_a_later_schema_is_named_with_the_way_back(nw: Newswatch) -> None:
    with nw.ledger.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=f"of schema 9999, this version knows none after {NEWEST}.*--to {NEWEST}"):
        nw.ledger.migrate()


@pytest.mark.parametrize("revision", [NEWEST, "9999", "first"])
def test_only_earlier_schemas_can_be_gone_back_to(nw: Newswatch, revision: str) -> None:
    with pytest.raises(ConfigError, match="back it goes to 0001"):
        nw.ledger.go_back(revision)
