"""How right and how fast reprints are found: precision and recall on texts of which it is known, and 50,000 stories.

    python benchmarks/clusters.py [--show] [--stories 50000]

The texts are those of `tests/quality/reprints`, all invented: reports of one event by several outlets, members of
families that share a template, and reprints of the reports, edited with a share of their sentences touched, half of
them with a credit. "Together": all as the stories of two days, so that reprints of one text may help each other.
"Alone": one reprint of each report at a time among all reports and members. Each reprint counts by whether it is in
its report's cluster. Members reprinted are a row of their own: no other text is as like theirs. `--show` lists the
pairs that are wrong, with the true Jaccard similarity of their shingles and what the columns say of them.

The newsroom's stories are compared as they come, each day with the day before. Speed: as many as seven years of them,
put on two days. Their sentences return, so that far more is alike there than on any real day.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from pathlib import Path

from newsroom import stories as newsroom
from newswatch.days.syndication import originals
from newswatch.pages.model import StoryLine
from newswatch.stories.fingerprint import Fingerprint, fingerprint
from newswatch.stories.story import PrintedStory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "quality"))

from reprint_pairs import SHARES, Judged, Pair, all_together, described, one_at_a_time, pair_kind, reprints, texts

LAST = date(2026, 11, 22)
DAYS = (date(2026, 11, 21), LAST)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--stories", type=int, default=50_000)
    wanted = parser.parse_args()
    together, alone, templated = all_together(), one_at_a_time(), one_at_a_time("family")
    kinds = Counter(text.kind for text in texts())
    print(f"{kinds['event']} reports, {kinds['family']} members of families, {len(reprints())} reprints of reports")
    for name, found in (("together", together), ("alone", alone), ("members reprinted", templated)):
        wrong = Counter(pair_kind(*pair) for pair in found.false)
        print(
            f"{name:18} precision {found.precision:.4f}  recall {found.recall:.4f}  "
            f"right {len(found.right)}, false {len(found.false)} {dict(wrong) or ''}, missed {len(found.missed)}"
        )
    print("\nrecall: share edited   together: credit   none    alone: credit   none    next morning, alone")
    for share in SHARES:
        row = [recalled(found, share, has_credit) for found in (together, alone) for has_credit in (True, False)]
        print(
            f"{share:20.1f}   {row[0]:16.3f}  {row[1]:5.3f}   {row[2]:13.3f}  {row[3]:5.3f}"
            f"   {recalled(alone, share, None):20.3f}"
        )
    if wanted.show:
        for name, found in (("together", together), ("alone", alone), ("members reprinted", templated)):
            for what, pairs in (("false", found.false), ("missed", of_reports(found.missed))):
                print(f"\n{name}, {what}:", *map(described, pairs), sep="\n  ")
    of_the_newsroom()
    beside_datasketch()
    speed(wanted.stories)


def of_reports(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs of a reprint and the text that it prints."""
    return [pair for pair in pairs if pair[0].is_reprint != pair[1].is_reprint]


def recalled(found: Judged, share: float, has_credit: bool | None) -> float:
    """Of the reprints at this share, with a credit or without or, where None, of the next morning."""
    right, missed = (
        sum(
            one.share == share and (one.is_next_morning if has_credit is None else bool(one.credit) == has_credit)
            for pair in of_reports(pairs)
            for one in pair
            if one.is_reprint
        )
        for pairs in (found.right, found.missed)
    )
    return right / (right + missed)


def speed(wanted: int) -> None:
    printed: list[PrintedStory] = []
    took, characters = 0.0, 0
    for story in islice(newest_first(), wanted):
        lines = lines_of(story)
        began = time.perf_counter()
        made = fingerprint(lines, story.authors)
        took += time.perf_counter() - began
        characters += sum(len(line.text) for line in lines)
        at = story.published_at.astimezone(UTC)
        day = DAYS[at.toordinal() % len(DAYS)]
        printed.append(printed_at(at.replace(year=day.year, month=day.month, day=day.day), story, made))
    print(f"\nfingerprint: {len(printed) / took:,.0f} texts/s, {characters / took / 1e6:.1f} million characters/s")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    found = originals(printed)
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"originals: {len(printed):,} stories in {took:.1f} s, {len(printed) / took:,.0f} stories/s, "
        f"{len({o.story_id for o in found.values()}):,} texts; "
        f"peak memory {after / 1024:,.0f} MB, {before / 1024:,.0f} MB before it"
    )


def of_the_newsroom(days: int = 200) -> None:
    """Its stories as they came: each day with the day before it."""
    copies = right = drawn = read = 0
    for back in range(days):
        day = LAST - timedelta(days=back)
        stories = {story.id: story for story in newsroom.stories_between(day - timedelta(days=1), day)}
        found = originals(printed_at(s.published_at, s, fingerprint(lines_of(s), s.authors)) for s in stories.values())
        for story in stories.values():
            if story.published_at.date() != day:
                continue
            read += 1
            original = stories[found[story.id].story_id]
            drawn += (original.origin or original.id) != (story.origin or story.id)
            if story.origin in stories:
                copies += 1
                right += found[story.id].story_id == found[story.origin].story_id
    print(
        f"\nnewsroom, {days} days: {right} of {copies} reprints found, "
        f"{drawn} of {read} stories in a cluster of another text made of the same sentences"
    )


def beside_datasketch(days: int = 60, threshold: float = 0.5) -> None:
    """The newsroom's days by datasketch's MinHash of 128 permutations and its LSH, beside ours: right, and how fast."""
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        print("\ndatasketch is not installed: see `make bench`")
        return
    found: Counter[str] = Counter()
    for back in range(days):
        day = LAST - timedelta(days=back)
        stories = sorted(newsroom.stories_between(day - timedelta(days=1), day), key=lambda s: (s.published_at, s.id))
        began = time.process_time()
        ours = originals(printed_at(s.published_at, s, fingerprint(lines_of(s), s.authors)) for s in stories)
        found["our CPU ms"] += round(1000 * (time.process_time() - began))
        began = time.process_time()
        lsh = MinHashLSH(threshold=threshold, num_perm=128)
        theirs: dict[str, str] = {}
        for story in stories:
            sketch = MinHash(num_perm=128)
            sketch.update_batch([shingle.encode() for shingle in shingles(story)])
            alike = [key for key in lsh.query(sketch) if key in theirs]
            theirs[story.id] = theirs[min(alike, key=list(theirs).index)] if alike else story.id
            lsh.insert(story.id, sketch)
        found["their CPU ms"] += round(1000 * (time.process_time() - began))
        by_id = {story.id: story for story in stories}
        for story in (s for s in stories if s.origin in by_id):
            assert story.origin
            found["reprints"] += 1
            found["ours"] += ours[story.id].story_id == ours[story.origin].story_id
            found["theirs"] += theirs[story.id] == theirs[story.origin]
        for story in stories:
            own = story.origin or story.id
            found["ours wrong"] += (by_id[ours[story.id].story_id].origin or ours[story.id].story_id) != own
            found["theirs wrong"] += (by_id[theirs[story.id]].origin or theirs[story.id]) != own
    print(f"\nbeside datasketch (threshold {threshold}, {days} days): {dict(found)}")


def shingles(story: newsroom.Story) -> set[str]:
    words = " ".join(line.text for line in lines_of(story)).casefold().split()
    return {" ".join(words[n : n + 3]) for n in range(len(words) - 2)}


def lines_of(story: newsroom.Story) -> list[StoryLine]:
    return [StoryLine(story.standfirst, "lede"), *(StoryLine(text, "body") for text in story.paragraphs)]


def printed_at(moment: datetime, story: newsroom.Story, made: Fingerprint) -> PrintedStory:
    return PrintedStory(story.id, story.outlet_id, story.outlet_id, moment, made)


def newest_first() -> Iterator[newsroom.Story]:
    """The newsroom's stories, the newest day first; none is kept."""
    for back in count():
        yield from newsroom.stories_of(LAST - timedelta(days=back))
        newsroom.stories_of.cache_clear()


if __name__ == "__main__":
    main()
