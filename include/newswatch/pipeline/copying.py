"""Many files copied side by side, with a word on how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from newswatch.storage.files import Store

T = TypeVar("T")
R = TypeVar("R")
Tell = Callable[[str, int, int | None], None]  # what is done, how many of them are, of how many
SIDE_BY_SIDE = 8  # files on their way at once: a store far away answers late, a near one waits for its disk
_A_ROUND = 400
DEAD_AFTER = timedelta(days=1)  # whoever wrote a temporary file that is older was killed


def side_by_side(work: Callable[[T], R], items: Sequence[T], what: str, tell: Tell) -> Iterator[R]:
    """What `work` makes of each of them, in their order. Raises what it raises; the rest is not begun then."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for begin in range(0, len(items), _A_ROUND):
            for number, made in enumerate(pool.map(work, items[begin : begin + _A_ROUND]), begin + 1):
                yield made
                tell(what, number, len(items))


def far_side_by_side(store: Store, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """What `work`, which reads or writes a small file of the store, makes of each, in order. Raises what it raises.

    In a folder one after another; where files lie elsewhere most of the time is waiting, and that is done together.
    """
    if store.folder:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield from pool.map(work, items)
