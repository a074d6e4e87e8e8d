"""The keeper of an embedded server: a process that ends it when nobody uses it any more, however the last one ended.

Started by `postgres_server`, detached from who started it: `python -m newswatch.storage.postgres_keeper FOLDER`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from newswatch.storage.postgres_server import Server

LOOK_SECONDS = 0.5


def main() -> None:
    if os.fork():
        os._exit(0)  # whoever waits for us goes on
    os.setsid()
    os.chdir("/")
    keep(Path(sys.argv[1]))


def keep(folder: Path) -> NoReturn:
    """Exits when the server has ended or its folder is gone. An inherited descriptor holds the lock until then."""
    from newswatch.storage.postgres_cluster import Cluster  # after the fork, which is waited for
    from newswatch.storage.postgres_server import Server

    server = Server(Cluster(folder), tell=lambda _: None)
    with server.lock("users") as users, server.lock("server") as alive:
        while server.cluster.run_folder.exists():
            if users.take() or alive.is_free():
                users.let_go()
                with server.alone():  # both looks are taken again where nobody starts it or joins it meanwhile
                    is_unused = users.take()
                    if is_unused:
                        end(server)
                    if is_unused or alive.is_free():
                        os._exit(0)  # all locks end in one moment: who starts the next server finds no keeper
            time.sleep(LOOK_SECONDS)
    sys.exit(0)


def end(server: Server) -> None:
    """End it and tidy up; what cannot be ended is said in its log, into which standard error goes here."""
    from newswatch.errors import DatabaseFailed

    try:
        server.end()
        server.cluster.clean_up()
    except DatabaseFailed as error:
        sys.stderr.write(f"keeper: {error}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
