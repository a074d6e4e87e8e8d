"""What is learnt of a host's own lines, by the number of its known pages: on the newsroom, whose truth we know.

    python benchmarks/recurring.py

Ten weeks of the make-believe newsroom, page by page through the extraction. A line that is neither of the story's
paragraphs nor its standfirst is foreign. Each row: the newest N stories of every outlet, what is left foreign in their
text by the table of phrases, by lines learnt and by both, what both lost of the stories, and how much of the
characters kept is the stories', before and after.
"""

from __future__ import annotations

import logging
import statistics
from datetime import date
from zoneinfo import ZoneInfo

from newsroom.outlets import BY_ID
from newsroom.pages import Site, story_page
from newsroom.stories import Story, stories_between
from newswatch.config.catalogue import Feed
from newswatch.feeds.model import Entry, SeenEntry
from newswatch.pages import extractor
from newswatch.pages.boilerplate_phrases import MAX_PLEA_CHARS
from newswatch.pages.model import STORY_ZONES, ExtractedPage, StoryLine
from newswatch.stories import boilerplate_recurring
from newswatch.stories.assemble import FetchedPage, assemble
from newswatch.stories.story import RawRecord
from newswatch.stories.story import Story as StoredStory

FIRST, LAST = date(2026, 9, 14), date(2026, 11, 22)
COUNTS = (2, 4, 8, 16, 32, 64, 128)
OF_MARKUP = frozenset({"headline", "byline", "hidden", "heading"})
SITE = Site("newsroom.localhost", None)
HOST = "h.example"


def main() -> None:
    logging.disable(logging.CRITICAL)
    read: dict[str, list[tuple[Story, list[StoryLine]]]] = {}
    for story in stories_between(FIRST, LAST):
        body = story_page(story, SITE)
        content_type = f"text/html; charset={BY_ID[story.outlet_id].encoding}"
        page = extractor.parse(body, url=SITE.url(story), content_type=content_type)
        read.setdefault(story.outlet_id, []).append((story, list(page.lines)))
    print(f"{sum(map(len, read.values()))} stories of {len(read)} outlets, {FIRST} to {LAST}\n")
    print("pages a host   foreign lines  left by phrases   by lines learnt   by both   story lines lost   precision")
    for count in COUNTS:
        newest = {outlet: stories[-count:] for outlet, stories in read.items()}
        raw = [tell(stories, with_phrases=False, with_learning=False) for stories in newest.values()]
        phrases = [tell(stories, with_phrases=True, with_learning=False) for stories in newest.values()]
        learnt = [tell(stories, with_phrases=False, with_learning=True) for stories in newest.values()]
        both = [tell(stories, with_phrases=True, with_learning=True) for stories in newest.values()]
        foreign = [sum(left for left, _, _ in found) for found in (raw, phrases, learnt, both)]
        precisions = [statistics.mean(p for _, _, p in found) for found in (raw, both)]
        print(
            f"{count:12d}   {foreign[0]:13d}  {foreign[1]:15d}   {foreign[2]:15d}   {foreign[3]:7d}"
            f"   {sum(lost for _, lost, _ in both):16d}   {precisions[0]:.4f} ▸ {precisions[1]:.4f}"
        )


def tell(
    stories: list[tuple[Story, list[StoryLine]]], *, with_phrases: bool, with_learning: bool
) -> tuple[int, int, float]:
    """Foreign lines left, story lines lost, and the share of the characters kept that are the stories'."""
    read = [(story, story_of(story, lines, with_phrases)) for story, lines in stories]
    samples = [made.sample for _, made in read if made.sample]
    known = boilerplate_recurring.learn(samples).get(HOST, frozenset()) if with_learning else frozenset()
    left = lost = chars = own_chars = 0
    for story, made in read:
        after = boilerplate_recurring.cut(made, known)
        own = {*story.paragraphs, story.standfirst}
        kept = [line.text for line in after.lines if line.zone in STORY_ZONES]
        left += sum(text not in own for text in kept)
        lost += sum(line.text in own for line in after.lines if line.zone == "cut")
        chars += sum(map(len, kept))
        own_chars += sum(len(text) for text in kept if text in own)
    return left, lost, own_chars / chars


def story_of(story: Story, lines: list[StoryLine], with_phrases: bool) -> StoredStory:
    """The story as the pipeline has it; without phrases, what they cut stands in the text again."""
    if not with_phrases:
        lines = [
            StoryLine(x.text, "body")
            if x.zone == "cut" and x.reason not in OF_MARKUP and len(x.text) < MAX_PLEA_CHARS
            else x
            for x in lines
        ]
    page = ExtractedPage((), tuple(lines), story.language, f"https://{HOST}/", is_partial=False)
    seen = SeenEntry(Entry("f", "k", f"https://{HOST}/", story.headline, "", story.authors, None), story.published_at)
    feed = Feed(id="f", outlet="The Outlet", url=f"https://{HOST}/feed", language=story.language)
    fetched = FetchedPage(f"https://{HOST}/", page, RawRecord("none", 0, 0))
    made = assemble(seen, feed, fetched, ZoneInfo("UTC"))
    assert made is not None
    return made


if __name__ == "__main__":
    main()
