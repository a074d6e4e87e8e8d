"""Mentions of very many stories: found by two processes of their own while the caller goes on.

A child is a fresh interpreter, as the sandbox's are: multiprocessing would import the caller's main module again, which
in a task is all of Airflow. Parent and child speak pickle, each to its own kin alone.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from newswatch.errors import TransientError
from newswatch.topics.inflection import Made, WordForms
from newswatch.topics.matcher import Matcher
from newswatch.topics.mention_rows import SearchedText, mention_rows
from newswatch.topics.schema import Topic

MANY = 4000  # stories; fewer are tagged sooner than a child has started
CHILDREN = 2


def start(
    texts: Sequence[SearchedText], topics: Sequence[Topic], forms: Made, topics_version: str
) -> Callable[[], list[dict[str, Any]]]:
    """Begin to look through the texts, with word forms that were made before.

    Returns what waits for the rows of `mentions`; that raises TransientError where a child dies.
    """
    shares = [texts[number::CHILDREN] for number in range(CHILDREN)]
    pool = ThreadPoolExecutor(CHILDREN)
    waiting = [pool.submit(_ask, pickle.dumps((share, topics, forms, topics_version))) for share in shares]
    pool.shutdown(wait=False)
    return lambda: [row for future in waiting for row in future.result()]


def _ask(request: bytes) -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-m", __name__], input=request, capture_output=True, check=False)
    if done.returncode:
        raise TransientError(f"a tagging process ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    rows: list[dict[str, Any]] = pickle.loads(done.stdout)  # noqa: S301 - from our own child
    return rows


def main() -> None:
    """The child: one request, one answer."""
    gc.disable()  # it ends soon: looking for what refers to itself takes as long as the work
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not stand in the answer
    texts, topics, forms, topics_version = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    rows = mention_rows(texts, Matcher(topics, WordForms(forms)), topics_version)
    with out:
        pickle.dump(rows, out)


if __name__ == "__main__":
    main()
