"""The keeper of an embedded server: a process that ends it when nobody uses it any more, however the last one ended.

Started by `postgres_server`, detached from who started it: `python -m newswatch.storage.postgres_keeper FOLDER LOCK`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

LOOK_SECONDS = 0.5


def main() -> None:
    folder, descriptor = Path(sys.argv[1]), int(sys.argv[2])
    if os.fork():
        os._exit(0)  # whoever waits for us goes on
    os.setsid()
    os.chdir("/")
    keep(folder, descriptor)


def keep(folder: Path, descriptor: int) -> None:
    """Returns when the server has ended or its folder is gone. `descriptor` holds the lock that says who keeps it."""
    from newswatch.errors import DatabaseFailed  # after the fork, which is waited for
    from newswatch.storage.postgres_cluster import Cluster
    from newswatch.storage.postgres_server import Server

    server = Server(Cluster(folder), tell=lambda _: None)
    with server.lock("users") as users, server.lock("server") as alive:
        while server.cluster.run_folder.exists():
            # Both looks are taken again where nobody can start a server or join it meanwhile.
            if users.take() or alive.is_free():
                users.let_go()
                with server.alone():
                    if alive.is_free() or users.take():
                        try:
                            server.end()
                        except DatabaseFailed as error:
                            sys.stderr.write(f"keeper: {error}\n")
                        os.close(descriptor)  # before the next one may look for a keeper
                        return
            time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
