"""Progress of long steps: moving on a terminal, a line now and then elsewhere, nothing of short steps."""

from __future__ import annotations

import io

from newswatch.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(stream: io.StringIO, total: int | None = 100, seconds: int = 30) -> str:
    clock = Clock()
    progress = Progress(stream, clock)
    for second in range(seconds + 1):
        clock.now = second
        progress("pages", second, total)
    progress.close()
    return stream.getvalue()


def test_elsewhere_than_on_a_terminal_it_is_a_line_every_few_seconds() -> None:
    lines = told(io.StringIO()).splitlines()
    assert lines[:3] == [
        "pages: 5 of 100",
        "pages: 10 of 100, about 90 s left",
        "pages: 15 of 100, about 85 s left",
    ]
    assert len(lines) == 6


def test_on_a_terminal_one_line_moves_and_stays_at_the_end() -> None:
    text = told(Terminal())
    assert text.count("\n") == 1
    assert text.endswith("\rpages: 30 of 100, about 70 s left\n")


def test_a_short_step_says_nothing() -> None:
    assert told(io.StringIO(), seconds=1) == told(Terminal(), seconds=1) == ""


def test_a_total_that_is_unknown_or_too_small_is_left_out() -> None:
    assert told(io.StringIO(), total=None).splitlines()[0] == "pages: 5"
    assert told(io.StringIO(), total=7).splitlines()[-1] == "pages: 30"


def test_each_step_is_told_of_by_itself() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock)
    for clock.now, what in ((0, "feeds"), (6, "feeds"), (7, "pages"), (13, "pages")):
        progress(what, 1, 2)
    assert stream.getvalue() == "feeds: 1 of 2, about 6 s left\npages: 1 of 2, about 6 s left\n"


def test_no_time_left_is_said_of_a_step_that_is_at_its_end_and_goes_on() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock)
    for clock.now, done in ((0, 0), (30, 99), (40, 100), (70, 100)):
        progress("pages", done, 100)
    assert stream.getvalue() == "pages: 99 of 100\npages: 100 of 100\npages: 100 of 100\n"
