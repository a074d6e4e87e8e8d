"""The embedded database beside others on one machine: users, processes, numbers used again, crashes."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from newswatch.cli.main import main
from newswatch.errors import DatabaseFailed, TransientError
from newswatch.ledger import Ledger
from newswatch.settings import load_settings
from newswatch.storage import embedded_postgres, postgres_programs, postgres_server
from newswatch.storage.postgres_cluster import Cluster
from newswatch.storage.postgres_server import Server
from newswatch_airflow.local import make_run
from newswatch_airflow.local.environment import airflow_environment

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="acts as several users")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster for all tests of this file. It holds one row: kept."""
    folder = tmp_path_factory.mktemp("pg") / "postgres"
    ask(embedded_postgres.start(folder), "CREATE TABLE facts AS SELECT 'kept' AS fact")
    yield folder
    embedded_postgres.stop(folder)


@pytest.fixture
def folder(made: Path) -> Path:
    """The same, with no server."""
    embedded_postgres.stop(made)
    return made


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            result = connection.execute(sa.text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def facts(url: str) -> object:
    return ask(url, "SELECT fact FROM facts")[0][0]


def host(url: str) -> Path:
    return Path(str(sa.make_url(url).query["host"]))


def server(folder: Path) -> Server:
    return Server(Cluster(folder), tell=lambda _: None)


def postmaster(folder: Path) -> psutil.Process:
    return server(folder).processes()[0]


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def keepers(folder: Path) -> list[psutil.Process]:
    words = ["-m", "newswatch.storage.postgres_keeper", str(folder)]
    return [p for p in psutil.process_iter() if is_alive(p) and p.cmdline()[1:4] == words]


def until(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    ends = time.monotonic() + seconds
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.02)
    return is_so()


def command(folder: Path, then: str) -> subprocess.Popen[str]:
    """A process of its own that starts or joins the server, prints its address and does what `then` says."""
    code = f"""
import sys, time
from pathlib import Path
from newswatch.storage import embedded_postgres
print(embedded_postgres.start(Path({str(folder)!r})), flush=True)
{then}
"""
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def log_in_as(uid: int, folder: Path) -> str:
    """What PostgreSQL, or the kernel, says to another user of the machine who asks to be its superuser."""
    here, there = socket.socketpair()
    child = os.fork()
    if not child:
        answer = "let in"
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            psycopg2.connect(host=str(folder), port=5432, user="postgres", dbname="postgres").close()
        except BaseException as error:
            answer = str(error)
        there.sendall(answer.encode())
        os._exit(0)
    os.waitpid(child, 0)
    with here, there:
        return here.recv(4096).decode()


def is_locked(folder: Path) -> bool:
    """As systemd-tmpfiles asks before it looks into an old folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def modes_above(folder: Path) -> list[int]:
    return [stat.S_IMODE(parent.stat().st_mode) for parent in folder.parents]


@needs_root
def test_another_user_of_the_machine_does_not_get_in(made: Path) -> None:
    socket_folder = host(embedded_postgres.start(made))
    assert "Permission denied" in log_in_as(NOBODY, socket_folder)
    opened = {path: path.stat().st_mode for path in (*made.parents, made, socket_folder / ".s.PGSQL.5432")}
    try:
        for path in opened:  # even where somebody has opened all folders and the socket
            path.chmod(0o777)
        assert "Peer authentication failed" in log_in_as(NOBODY, socket_folder)
    finally:
        for path, mode in opened.items():
            path.chmod(stat.S_IMODE(mode))


def test_all_that_belongs_to_it_is_private_and_nothing_above_changes(tmp_path: Path) -> None:
    folder = tmp_path / "private" / "home" / "postgres"
    folder.parents[1].mkdir(0o700)
    before = modes_above(folder.parent)
    embedded_postgres.start(folder)
    try:
        assert modes_above(folder.parent) == before
        ours = [folder.parent, *folder.parent.rglob("*")]
        assert [path for path in ours if stat.S_IMODE(path.lstat().st_mode) & 0o077] == []
        assert ask(embedded_postgres.start(folder), "SHOW data_checksums") == [("on",)]
        assert ask(embedded_postgres.start(folder), "SHOW listen_addresses") == [("",)]
    finally:
        embedded_postgres.stop(folder)


@needs_root
def test_the_server_is_nobodys_process_and_gets_no_secret(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_postgres.stop(made)
    monkeypatch.setenv("NEWSWATCH_NOTIFY_URLS", "mailto://secret")
    embedded_postgres.start(made)
    process = postmaster(made)
    assert set(process.uids()) == {made.stat().st_uid}
    assert process.uids().real in range(61184, 65520)
    assert Path(f"/proc/{process.pid}/status").read_text().partition("Groups:")[2].splitlines()[0].strip() == ""
    assert "NEWSWATCH_NOTIFY_URLS" not in process.environ()


@needs_root
def test_programs_in_a_private_folder_are_copied_and_the_folder_stays_private(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_programs, "is_open_to_all", lambda programs: False)
    assert facts(embedded_postgres.start(folder)) == "kept"
    copy = Path(postmaster(folder).exe()).parents[3]
    assert copy.name.startswith("newswatch-")
    assert is_locked(copy)
    assert {path.stat().st_uid for path in copy.rglob("*")} == {0}
    embedded_postgres.stop(folder)
    assert not copy.exists()


def test_whether_others_may_run_the_programs(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir(0o755)
    for name in ("initdb", "pg_ctl", "postgres"):
        (programs / name).touch(0o755)
    assert postgres_programs.is_open_to_all(programs) == all(p.stat().st_mode & 1 for p in programs.parents)
    programs.chmod(0o700)
    assert not postgres_programs.is_open_to_all(programs)


def stale(pid: object, folder: Path) -> str:
    return f"{pid}\n{folder}\n1795918722\n5432\n{folder}\n\n  3031044    852002\nready   \n"


def test_a_process_that_got_an_old_number_is_let_alone(folder: Path) -> None:
    innocent = subprocess.Popen(["sleep", "60"], cwd=folder)
    try:
        (folder / "postmaster.pid").write_text(stale(innocent.pid, folder))
        assert facts(embedded_postgres.start(folder)) == "kept"
        embedded_postgres.stop(folder)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


@pytest.mark.parametrize("text", ["", "12", "\0\0\0\0", "no number\n" * 8, f"{10**30}\n" * 8, "-1\n/\n"])
def test_a_cut_or_damaged_file_of_its_number_stops_nothing(folder: Path, text: str) -> None:
    (folder / "postmaster.pid").write_text(text)
    (folder / ".handle_pids.json").write_text("[1, 2")  # as an older version left it
    assert facts(embedded_postgres.start(folder)) == "kept"


def test_a_file_that_is_damaged_while_the_server_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_server, "LOST_SECONDS", 0.2)
    embedded_postgres.start(folder)
    before = postmaster(folder)
    (folder / "postmaster.pid").write_text("12")
    told: list[str] = []
    assert facts(embedded_postgres.start(folder, told.append)) == "kept"
    assert not is_alive(before)
    assert "damaged" in told[0]


def test_a_long_home_has_a_short_private_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 60) / ("y" * 60) / "postgres"
    url = embedded_postgres.start(folder)
    try:
        found = host(url).stat()
        assert is_locked(host(url))  # so that no cleaner of temporary folders takes it away
        assert len(str(host(url))) < 90
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert found.st_uid == folder.stat().st_uid
        postmaster(folder).kill()
        assert until(lambda: not embedded_postgres.is_running(folder))
        time.sleep(1)  # the keeper has seen it too
        assert embedded_postgres.start(folder) == url  # what runs on knows no other address
        assert ask(url, "SELECT 1") == [(1,)]
    finally:
        embedded_postgres.stop(folder)
    assert not host(url).exists()


def test_a_home_of_odd_letters(tmp_path: Path) -> None:
    folder = tmp_path / "a b, \"c\" 'd' $(false) %41 é" / "postgres"
    url = embedded_postgres.start(folder)
    try:
        assert ask(url, "SELECT 1") == [(1,)]
        assert ask(embedded_postgres.database(url, "more"), "SELECT 1") == [(1,)]
    finally:
        embedded_postgres.stop(folder)


def test_a_recorded_socket_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    record = tmp_path / "record"
    theirs = tmp_path / "theirs"
    theirs.mkdir(0o777)
    theirs.chmod(0o777)
    record.write_text(str(theirs))
    temporary = postgres_programs.TemporaryFolder(record)
    assert temporary.known(os.geteuid()) is None
    (tmp_path / "link").symlink_to(tmp_path)
    record.write_text(str(tmp_path / "link"))
    assert temporary.known(os.geteuid()) is None


def test_a_killed_server_is_started_again_with_all_it_knew(folder: Path) -> None:
    url = embedded_postgres.start(folder)
    ask(url, "CREATE TABLE more AS SELECT 1")
    postmaster(folder).kill()
    assert until(lambda: not embedded_postgres.is_running(folder))
    assert embedded_postgres.start(folder) == url
    assert facts(url) == "kept"
    assert ask(url, "SELECT * FROM more") == [(1,)]
    ask(url, "DROP TABLE more")


def test_two_that_start_at_once_share_one_server(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    both = [command(folder, "sys.stdin.read()") for _ in range(2)]
    try:
        first, second = (line_of(process) for process in both)
        assert first == second
        assert ask(first, "SELECT 1") == [(1,)]
        assert len(list((tmp_path / "postgres.run").glob("keeper.lock"))) == 1
    finally:
        for process in both:
            process.communicate()
    assert [process.returncode for process in both] == [0, 0]
    assert until(lambda: not embedded_postgres.is_running(folder))


def test_it_lives_as_long_as_one_uses_it_and_no_longer_when_that_is_killed(folder: Path) -> None:
    long, short = command(folder, "time.sleep(60)"), command(folder, "")
    url = line_of(long)
    short.communicate()
    time.sleep(1.5)
    assert facts(url) == "kept"
    long.kill()
    long.communicate()
    assert until(lambda: not embedded_postgres.is_running(folder))


def test_a_killed_keeper_is_followed_by_another(folder: Path) -> None:
    embedded_postgres.start(folder)
    (keeper,) = keepers(folder)
    keeper.kill()
    assert until(lambda: not is_alive(keeper))
    embedded_postgres.start(folder)
    assert len(keepers(folder)) == 1


def test_a_recovery_is_awaited_with_a_word_now_and_then(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_server, "TELL_SECONDS", 0.1)
    url = embedded_postgres.start(folder)
    file = folder / "postmaster.pid"
    ready = file.read_text()
    file.write_text(ready.replace("ready   ", "starting"))  # as it says while it recovers
    told: list[str] = []
    later = threading.Timer(0.6, lambda: file.write_text(ready))
    later.start()
    assert embedded_postgres.start(folder, told.append) == url
    later.join()
    assert len(told) >= 3
    assert "waiting for the database" in told[0]
    assert "ready to accept connections" in told[0]  # the last line of its log


def test_what_does_not_start_says_why(folder: Path) -> None:
    settings = folder / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("shared_buffers = 'a lot'\n")
    try:
        with pytest.raises(DatabaseFailed, match=r"did not start.*postgres\.run/log:\n(?s:.*)shared_buffers"):
            embedded_postgres.start(folder)
    finally:
        settings.write_text(before)
    assert facts(embedded_postgres.start(folder)) == "kept"


def test_a_cluster_of_before_that_let_everybody_in_is_closed(folder: Path) -> None:
    (folder / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 trust\n")
    cluster = Cluster(folder)
    log = os.open(os.devnull, os.O_WRONLY)
    cluster.start_server(log, log)  # as the former launcher: without a lock
    os.close(log)
    assert until((folder / "postmaster.pid").exists)
    assert until(lambda: server(folder).processes() != [])
    older, told = postmaster(folder), list[str]()
    url = embedded_postgres.start(folder, told.append)
    assert not is_alive(older)
    assert "an older Newswatch" in told[0]
    assert ask(url, "SELECT type, auth_method FROM pg_hba_file_rules") == [("local", "peer")]
    assert facts(url) == "kept"


@needs_root
def test_a_cluster_that_a_copy_gave_to_root_gets_an_owner_again(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 0, 0)
    assert facts(embedded_postgres.start(folder)) == "kept"
    assert {path.stat().st_uid for path in folder.rglob("*")} == {folder.stat().st_uid} != {0}


def test_a_folder_that_holds_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letters").touch()
    with pytest.raises(DatabaseFailed, match="holds files and no database"):
        embedded_postgres.start(tmp_path / "postgres")
    assert [p.name for p in (tmp_path / "postgres").iterdir()] == ["letters"]


def test_the_command_says_in_words_what_is_wrong_with_its_database(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letters").touch()
    done = CliRunner().invoke(main, ["migrate"], env={"NEWSWATCH_HOME": str(tmp_path), "NEWSWATCH_DATABASE_URL": ""})
    assert done.exit_code == 1
    assert done.stderr.startswith("newswatch: ")
    assert "holds files and no database" in done.stderr


def test_a_home_that_the_command_makes_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = CliRunner().invoke(main, ["migrate"], env={"NEWSWATCH_HOME": str(home), "NEWSWATCH_DATABASE_URL": ""})
    embedded_postgres.stop(home / "postgres")
    assert done.exit_code == 0
    assert [p for p in (home, *home.rglob("*")) if stat.S_IMODE(p.stat().st_mode) & 0o077] == []


def test_a_sourced_env_file_and_home_work_when_the_run_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the socket lies in a temporary folder that went with the server."""
    home = tmp_path / ("deep" * 30)
    monkeypatch.delenv("NEWSWATCH_CONFIG_DIR", raising=False)
    monkeypatch.setenv("NEWSWATCH_HOME", str(home))
    monkeypatch.setenv("NEWSWATCH_DATABASE_URL", "")
    run = make_run._Run()
    run._attendant.env = airflow_environment(home, 8080)
    run._save_env(load_settings(run._attendant.env))
    embedded_postgres.stop(home / "postgres")
    told = ["sh", "-c", f". '{home}/env'; newswatch migrate; newswatch topics versions"]
    clean = ["newswatch", "--home", str(home), "topics", "versions"]
    programs = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        for command in (told, clean):
            done = subprocess.run(command, env=programs, cwd="/", capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    finally:
        embedded_postgres.stop(home / "postgres")


def test_a_cluster_of_another_version_is_named(folder: Path) -> None:
    (folder / "PG_VERSION").write_text("16\n")
    try:
        with pytest.raises(DatabaseFailed, match=r"made by PostgreSQL 16, and this is \d+"):
            embedded_postgres.start(folder)
    finally:
        (folder / "PG_VERSION").write_text("18\n")


def test_a_home_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(DatabaseFailed, match="home"):
        embedded_postgres.start(tmp_path / "home" / "postgres")


def test_a_server_that_dies_in_a_transaction_is_an_error_that_passes(folder: Path) -> None:
    ledger = Ledger(embedded_postgres.start(folder))

    def work() -> None:
        with ledger.begin() as connection:
            connection.execute(sa.text("SELECT 1"))
            postmaster(folder).kill()
            until(lambda: not embedded_postgres.is_running(folder))
            connection.execute(sa.text("SELECT 1"))

    with pytest.raises(TransientError, match="does not answer"):
        work()
    with pytest.raises(TransientError, match="does not answer"):
        embedded_postgres.database(f"postgresql+psycopg2://postgres@/postgres?host={folder}", "x")
    ledger.close()


def test_stop_is_heeded_by_a_server_that_still_has_sessions(folder: Path) -> None:
    engine = sa.create_engine(embedded_postgres.start(folder))
    connection = engine.connect()
    connection.execute(sa.text("SELECT 1"))
    embedded_postgres.stop(folder)
    assert server(folder).processes() == []
    assert until(lambda: keepers(folder) == [], 1)
    connection.invalidate()
    connection.close()
    engine.dispose()


def test_signals_of_the_terminal_do_not_reach_it(folder: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from newswatch.storage import embedded_postgres
print(embedded_postgres.start(Path({str(folder)!r})), flush=True)
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.killpg(0, signal.SIGINT)
embedded_postgres.start(Path({str(folder)!r}))
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        url = line_of(process)
        first = postmaster(folder)
        time.sleep(0.3)
        assert is_alive(first)
        assert facts(url) == "kept"
        process.communicate("\n")
    assert process.returncode == 0
