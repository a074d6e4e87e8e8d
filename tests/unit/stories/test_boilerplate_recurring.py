"""What is learnt from a host's stories as the host's own lines, and what is never taken for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from made_stories import made_story

from newswatch.stories import boilerplate_recurring
from newswatch.stories.story import Story

PROMPT = "Write to us at the desk by the window; every letter is read by two people."
FOLLOW = "Find our reporters on the wire every weekday."


def story(number: int, *, first: Sequence[str] = (), last: Sequence[str] = (PROMPT,), count: int = 12) -> Story:
    rng = random.Random(number)
    words = [f"{rng.choice('bdfgklmnprst')}{rng.choice('aeiou')}{rng.randrange(10**6):x}x" for _ in range(400)]
    own = [" ".join(words[n * 20 : n * 20 + 20]) + "." for n in range(count)]
    return made_story(f"Headline {words[0]} {words[1]}", *first, *own, *last)


def texts_of(made: Story) -> list[str]:
    return [line.text for line in made.lines]


def learnt(stories: Sequence[Story], host: str = "ledger.example") -> frozenset[int]:
    samples = (replace(s.sample, host=host) for s in stories if s.sample)
    return boilerplate_recurring.learn(samples).get(host, frozenset())


def cut(before: Story, known: frozenset[int]) -> list[str]:
    after = boilerplate_recurring.cut(before, known)
    assert after.text == before.text  # offsets never move
    return [line.text for line in after.lines if (line.zone, line.reason) == ("cut", "recurring")]


def test_a_line_that_ends_two_different_stories_of_a_host_is_the_hosts() -> None:
    rows = [story(1), story(2)]
    known = learnt(rows)
    assert [cut(r, known) for r in rows] == [[PROMPT], [PROMPT]]


def test_digits_punctuation_and_case_do_not_hide_a_line() -> None:
    rows = [story(1, last=["12 readers wrote to us today."]), story(2, last=["7 Readers wrote to us today!"])]
    assert cut(rows[0], learnt(rows)) == ["12 readers wrote to us today."]


def test_a_line_between_standfirst_and_story_is_found() -> None:
    rows = []
    for number in (1, 2):
        made = story(number, last=())
        texts = texts_of(made)
        rows.append(made_story(made.title, texts[0], PROMPT, *texts[1:]))
    assert cut(rows[0], learnt(rows)) == [PROMPT]


def test_one_story_teaches_nothing_nor_do_two_hosts_each_other() -> None:
    assert learnt([story(1)]) == frozenset()
    both = [story(1), story(2)]
    samples = [replace(s.sample, host=host) for host, s in zip("ab", both, strict=True) if s.sample]
    assert boilerplate_recurring.learn(samples) == {}


def test_a_story_printed_twice_or_updated_keeps_all_its_lines() -> None:
    first = story(1)
    texts = texts_of(first)
    again = made_story(first.title, *texts)
    updated = made_story(
        "A new headline over the same story", *texts[:5], "A paragraph that was added at noon.", *texts[5:]
    )
    assert learnt([first, again]) == frozenset()
    assert learnt([first, updated]) == frozenset()
    short = [
        made_story("Board meets", "It met at noon.", "It rose at two."),
        made_story("Board met", "It met at noon.", "It rose at two."),
    ]
    assert learnt(short) == frozenset()


def test_of_many_stories_more_than_a_few_must_hold_the_line() -> None:
    rows = [story(n, last=["Shares fell by 2 per cent, the exchange said."] if n < 4 else ()) for n in range(40)]
    assert learnt(rows) == frozenset()
    rows = [story(n, last=[PROMPT] if n % 3 else ()) for n in range(40)]
    assert cut(rows[1], learnt(rows)) == [PROMPT]


def test_a_line_that_stands_now_here_now_there_is_the_stories() -> None:
    rows = []
    for number in range(6):
        texts = texts_of(story(number, last=(), count=8))
        texts.insert(2 + number, "The figures will be published next week.")
        rows.append(made_story(f"Headline number {chr(97 + number) * 5}", *texts))
    assert all(not cut(r, learnt(rows)) for r in rows)


def test_a_line_with_a_word_of_the_headline_is_never_cut() -> None:
    rows = [story(1), story(2)]
    rows[0] = replace(rows[0], title="Letters from the window of a lighthouse")
    known = learnt(rows)
    assert cut(rows[0], known) == []
    assert cut(rows[1], known) == [PROMPT]


def test_of_a_script_without_spaces_three_letters_of_the_headline_keep_a_line() -> None:
    other = "请关注我们的频道"
    told = "今天港口重新开放了"
    known = learnt([story(n, last=[told, other]) for n in range(3)])
    reopened = made_story("港口重新开放", *texts_of(story(9, last=())), told, other)
    assert cut(reopened, known) == [other]


def test_at_the_end_an_unbroken_run_is_cut_and_nothing_above_it() -> None:
    rows = [story(n, last=[FOLLOW, f"A last word of story {chr(97 + n) * 4}.", PROMPT]) for n in range(3)]
    assert cut(rows[0], learnt(rows)) == [PROMPT]
    rows = [story(n, last=[FOLLOW, PROMPT]) for n in range(3)]
    assert cut(rows[0], learnt(rows)) == [FOLLOW, PROMPT]


def test_a_story_of_nothing_but_such_lines_keeps_them() -> None:
    known = learnt([story(1, last=[FOLLOW, PROMPT]), story(2, last=[FOLLOW, PROMPT])])
    assert cut(made_story("Notice", FOLLOW, PROMPT), known) == []


def test_where_the_first_line_goes_the_next_is_the_lede() -> None:
    rows = [story(n, first=[PROMPT], last=()) for n in range(2)]
    after = boilerplate_recurring.cut(rows[0], learnt(rows))
    assert after.zones[:3] == ["cut", "lede", "body"]


def test_the_order_of_stories_does_not_matter() -> None:
    rows = [story(n, last=[PROMPT] if n % 2 else [FOLLOW, PROMPT]) for n in range(12)]
    assert learnt(rows) == learnt(rows[::-1])
    assert learnt(rows)


def test_what_is_kept_fits_the_ledger() -> None:
    sample = story(1).sample
    assert sample is not None
    assert all(-(2**63) <= key < 2**63 for key in (sample.headline, *sample.edges, *sample.inner))
    assert len(sample.edges) == boilerplate_recurring.TOP + boilerplate_recurring.BOTTOM
    assert len(sample.inner) == boilerplate_recurring.INNER
