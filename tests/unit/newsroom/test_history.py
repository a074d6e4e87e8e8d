"""How far back the newsroom reaches is its own to say, and a setting."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from newsroom.__main__ import main
from newsroom.feeds import HISTORY, history_days


@pytest.mark.parametrize(("stated", "days"), [("", 70), ("28", 28), ("1", 1)])
def test_ten_weeks_unless_another_number_of_days_is_stated(
    stated: str, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSROOM_HISTORY_DAYS", stated)
    assert history_days() == days


@pytest.mark.parametrize("stated", ["0", "-1", "ten", "1.5"])
def test_what_is_no_number_of_days_is_named_with_what_to_write(stated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSROOM_HISTORY_DAYS", stated)
    with pytest.raises(ValueError, match=r"NEWSROOM_HISTORY_DAYS=.* is no number of days\. Write 28"):
        history_days()


def test_the_command_says_it_to_whoever_starts_the_newsroom() -> None:
    assert CliRunner().invoke(main, ["history"]).stdout == f"{HISTORY.days}\n"
