"""A PostgreSQL cluster on disk: how it is made, whose it is, who may log in, where its server's socket lies."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from newswatch.errors import DatabaseFailed
from newswatch.storage import postgres_programs
from newswatch.storage.postgres_programs import WAY_OUT, Account, TemporaryFolder, handed_over, write

SUPERUSER = "postgres"
PORT = 5432  # part of the socket's name; no port is opened
PRIVATE = 0o700
VERSION_FILE = "PG_VERSION"  # each cluster has one
_SOCKET = f".s.PGSQL.{PORT}"
_SOCKET_FOLDER_BYTES = 103 - len(f"/{_SOCKET}")  # of a `sun_path`, as every system has it; Linux has four more


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster in `folder`, an absolute path. What belongs to its running lies beside it, in `run_folder`."""

    folder: Path

    @property
    def run_folder(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.run")

    @property
    def log(self) -> Path:
        return self.run_folder / "log"

    @property
    def pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    def prepare(self) -> None:
        """Make the cluster where there is none, and let in nobody but its owner and root. The server must not run.

        Raises DatabaseFailed, and OSError where a folder cannot be written.
        """
        me = _name(os.geteuid())
        if me is None:
            raise DatabaseFailed(
                f"User {os.geteuid()} has no name on this machine, and PostgreSQL knows users by name. {WAY_OUT}"
            )
        self._provide_programs()
        if not (self.folder / VERSION_FILE).exists():
            self._initialise()
        if os.geteuid() == 0 and self.folder.stat().st_uid == 0:  # brought back from a copy that kept no owners
            _give(self.folder, 0, Account.unused())
        self._check_version()
        self._write_access(me)
        # PostgreSQL would believe the number that a server which is gone has left in these.
        self.pid_file.unlink(missing_ok=True)
        (self.socket_folder() / f"{_SOCKET}.lock").unlink(missing_ok=True)

    def start_server(self, lock: int, log: int) -> None:
        """Start one that inherits the descriptor `lock`, and writes to `log`. It is not awaited."""
        with contextlib.ExitStack() as stack:
            data, kept = stack.enter_context(handed_over(self.folder))
            at, kept_too = stack.enter_context(handed_over(self.socket_folder()))
            copy = self._copy.known(0)
            if copy is not None:
                kept_too += stack.enter_context(handed_over(copy))[1]
            quoted = '"' + at.replace('"', '""') + '"'  # PostgreSQL reads a list of folders, with commas between
            settings = {
                "listen_addresses": "",
                "port": str(PORT),
                "unix_socket_directories": quoted,
                "unix_socket_permissions": "0700",
                "log_startup_progress_interval": "5s",
            }
            options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
            arguments = ("start", "--no-wait", "--silent", "-D", data, "-o", options)
            self._run("pg_ctl", *arguments, account=self.account(), keep=(*kept, *kept_too, lock), output=log)

    def account(self) -> Account | None:
        """The owner, where that is not who we are. Raises DatabaseFailed where we may not act for it."""
        owner = self.folder.stat()
        if owner.st_uid == os.geteuid() != 0:
            return None
        if os.geteuid() != 0:
            raise DatabaseFailed(
                f"The database in {self.folder} belongs to {_name(owner.st_uid) or owner.st_uid}. Run Newswatch as its "
                "owner, or with a home of your own: NEWSWATCH_HOME=…"
            )
        return Account(owner.st_uid, owner.st_gid)

    def socket_folder(self) -> Path:
        """The cluster itself where its path is short enough for a socket, else a temporary folder of our own.

        That one stays the same until `clean_up`, so that an address outlives a crash of the server. $XDG_RUNTIME_DIR is
        no place for it: it goes when its user logs out, a server need not.
        """
        if len(os.fsencode(self.folder)) <= _SOCKET_FOLDER_BYTES and "," not in str(self.folder):
            return self.folder  # a comma parts two hosts in an address
        known = self._socket.known(self.folder.stat().st_uid)
        return known or self._socket.make(PRIVATE, self.account(), _SOCKET_FOLDER_BYTES)

    def clean_up(self) -> None:
        """Remove the temporary folders of a server that has ended."""
        if self.folder.exists():
            self._socket.remove(self.folder.stat().st_uid)
        self._copy.remove(os.geteuid())

    @property
    def _socket(self) -> TemporaryFolder:
        return TemporaryFolder(self.run_folder / "socket")

    @property
    def _copy(self) -> TemporaryFolder:
        return TemporaryFolder(self.run_folder / "programs")

    def _provide_programs(self) -> None:
        """See that an account without rights can run them; a copy is made anew, for an upgrade may have come."""
        programs = postgres_programs.installed()
        if os.geteuid() == 0:
            postgres_programs.check_may_change_account()
            self._copy.remove(0)
            if not postgres_programs.is_open_to_all(programs):
                postgres_programs.copy_for_all(programs, self._copy.make(0o755, None))

    def _run(
        self,
        program: str,
        *arguments: str,
        account: Account | None = None,
        keep: tuple[int, ...] = (),
        output: int = subprocess.PIPE,
    ) -> str:
        copy = self._copy.known(0)
        programs = postgres_programs.programs_in(copy) if copy else postgres_programs.installed()
        return postgres_programs.run(programs / program, *arguments, account=account, keep=keep, output=output)

    def _initialise(self) -> None:
        """Beside its place, so that what a killed `initdb` leaves is never taken for a cluster."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise DatabaseFailed(f"{self.folder} holds files and no database. Move it away, or set NEWSWATCH_HOME.")
        made = self.run_folder / "new"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(PRIVATE)
        # `initdb` wants a user whom the machine knows by name, and it does not get to keep what it makes.
        maker = Account.by_name("nobody") if os.geteuid() == 0 else None
        if maker is not None:
            _give(made, 0, maker)
        with handed_over(made) as (path, kept):
            self._run(
                "initdb",
                *("-D", path, "--username", SUPERUSER, "--auth", "peer", "--data-checksums", "--no-instructions"),
                # Sorted by code point, whatever libraries the machine gets: an index outlives an upgrade of them.
                *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                account=maker,
                keep=kept,
            )
        if maker is not None:
            _give(made, maker.uid, Account.unused())
        made.rename(self.folder)

    def _check_version(self) -> None:
        cluster = (self.folder / VERSION_FILE).read_text(encoding="ascii", errors="replace").strip()
        programs = self._run("postgres", "--version").split()[-1].partition(".")[0]
        if cluster != programs:
            raise DatabaseFailed(
                f"The database in {self.folder} was made by PostgreSQL {cluster or '?'}, and this is {programs}: dump "
                "it with the former version of Newswatch, and load it into a new home."
            )

    def _write_access(self, me: str) -> None:
        """Whoever owns the folder around the cluster logs in, and root; the kernel says who asks."""
        names = sorted(filter(None, {me, _name(self.run_folder.stat().st_uid), _name(0)}))
        head = "# Newswatch writes this file at each start.\n"
        idents = "".join(f'newswatch "{name}" {SUPERUSER}\n' for name in names)
        account = self.account()
        write(self.folder / "pg_hba.conf", f"{head}local all {SUPERUSER} peer map=newswatch\n", account)
        write(self.folder / "pg_ident.conf", head + idents, account)


def _give(folder: Path, former: int, owner: Account) -> None:
    """Hand the folder and all in it over to `owner`. Raises DatabaseFailed where something is not of user `former`."""
    for parent, _, files, descriptor in os.fwalk(folder):
        for name in (*files, "."):
            if os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_uid != former:
                raise DatabaseFailed(f"{parent}/{name} belongs to another user than what is around it.")
            try:
                os.chown(name, owner.uid, owner.gid, dir_fd=descriptor, follow_symlinks=False)
            except OSError as error:
                raise DatabaseFailed(
                    f"PostgreSQL does not run as root, and its files cannot be given to another user here: {error}. "
                    f"{WAY_OUT}"
                ) from error


def _name(uid: int) -> str | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return None
