"""Preloading: what verbs import only when they need it, imported at once by a process that others are forked from."""

from __future__ import annotations

import importlib
from contextlib import suppress

from newswatch.config.catalogue import load_catalogue
from newswatch.errors import ConfigError
from newswatch.pipeline.installation import preload_matcher
from newswatch.settings import Settings
from newswatch.version import code_version

# Of other packages, what functions of ours import: a test builds a day and issues its digest without one more.
MODULES = (
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "newswatch.topics.validation",
    "numpy",
    "pandas",
    "pyarrow.compute",
    "pyarrow.json",
    "pyarrow.parquet",
)


def preload(settings: Settings) -> None:
    """Import what builds and digests need and read the two lists, so that children find them in their memory.

    The code's version is taken now too: the children run the code that was read here, whatever the files hold later.
    """
    for name in MODULES:
        importlib.import_module(name)
    code_version()
    with suppress(ConfigError):  # those who use the lists say what is wrong with them
        catalogue = load_catalogue(settings.config_dir)
        load_catalogue(settings.config_dir, known_good=(catalogue.feeds_text, catalogue.topics_text))
        preload_matcher(catalogue)
