"""A make-believe newsroom on loopback: invented outlets, feeds and stories, with the faults that real ones have."""

from newsroom.outlets import OUTLETS, Feed, Outlet
from newsroom.stories import Story, stories_of

__all__ = ["OUTLETS", "Feed", "Outlet", "Story", "stories_of"]
