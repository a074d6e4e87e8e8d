"""What can go wrong, as types: each says who must act, and Airflow's retry policy maps them in one place."""

from __future__ import annotations

from collections.abc import Sequence


class NewswatchError(Exception):
    """Base of every error that Newswatch raises on purpose."""


class ConfigError(NewswatchError):
    """feeds.yaml, topics.yaml or the environment is wrong. A retry does not help; a user's edit does.

    `problems` holds one line each: file, place, what is wrong, how to mend it.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class TransientError(NewswatchError):
    """A condition that passes by itself: the task should be tried again."""


class LeaseLost(TransientError):
    """Another attempt took over the same work; what this one wrote is not committed."""


class RefusedByLedger(NewswatchError):
    """The database does not take a value: what brought it must do without, its neighbours need not."""


class DatabaseFailed(NewswatchError):
    """The embedded database cannot be made, started or joined. The message says why, and where it says more."""


class MissingFile(NewswatchError):
    """A file that the ledger counts on is not in the store. Only a copy brought back from elsewhere helps."""


class BackupFailed(NewswatchError):
    """A backup cannot be made, read or brought back as it was asked for. The message names the way out."""


class DayToCome(NewswatchError):
    """A day after today was to be built."""


class DamagedFile(MissingFile):
    """A file is there, but not as it was written. Whoever can do without a missing file can do without this one."""


class ParseFailed(NewswatchError):
    """A parser child gave no result: `reason` is the outcome, `timeout` for one."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class NoStory(NewswatchError):
    """A page without a story's text. `kind` is the outcome: `no_story`, or the kind of page that it is."""

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        super().__init__(detail)


class UnknownStory(NewswatchError):
    """No story is known under the given URL or id."""
