"""Progress of long steps on standard error: a line that moves on a terminal, else a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

EVERY_SECONDS = 5.0  # where nothing moves, in logs and under other programs
EVERY_SECONDS_HERE = 0.2  # on a terminal
SILENT_SECONDS = 2.0  # a step that takes no longer says nothing
LEFT_AFTER_SECONDS = 5.0  # before that a guess of the time left is none …
LEAST_LEFT_SECONDS = 3.0  # … and so is one of less: the last of a step are often the slow ones


class Progress:
    """Says how far steps are: `progress("feeds", 12, 80)`. `close` ends the last step's line.

    A total that is not known, or that turned out too small, is left out.
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._is_terminal = self._stream.isatty()
        self._what = ""
        self._began = self._told = 0.0
        self._width = 0

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        now = self._clock()
        if what != self._what:
            self.close()
            self._what, self._began, self._told = what, now, now
        every = EVERY_SECONDS_HERE if self._is_terminal else EVERY_SECONDS
        if now - self._began < SILENT_SECONDS or now - self._told < every:
            return
        self._told = now
        self._write(self._line(done, total, now - self._began))

    def close(self) -> None:
        """Leave the line of the step that is over."""
        if self._width:
            self._stream.write("\n")
            self._stream.flush()
        self._what, self._width = "", 0

    def _line(self, done: int, total: int | None, seconds: float) -> str:
        if total is None or done > total:
            return f"{self._what}: {done}"
        seconds_left = seconds * (total - done) / done if done and seconds > LEFT_AFTER_SECONDS else 0
        left = f", about {_span(seconds_left)} left" if seconds_left >= LEAST_LEFT_SECONDS else ""
        return f"{self._what}: {done} of {total}{left}"

    def _write(self, line: str) -> None:
        if self._is_terminal:
            self._stream.write(f"\r{line:<{self._width}}")
            self._width = len(line)
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
