"""Parser processes that outlive the installations which use them: starting one costs half a second."""

from __future__ import annotations

from newswatch.sandbox.pool import ParserPool


class SharedParsers(ParserPool):
    """A pool that its installations do not close."""

    def close(self) -> None:
        """Not with an installation: see `end`."""

    def end(self) -> None:
        """End the processes."""
        super().close()
