"""What users of docker-compose.yaml rely on: nothing open to the network, no secret with a default, health known."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from newsroom.outlets import OUTLETS
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch_airflow.local.make_env import ENV, MAKERS, SECRETS_DIR

PROJECT = SHIPPED_CONFIG_DIR.parent
SMALL, LARGE = ("docker-compose.yaml",), ("docker-compose.yaml", "compose.celery.yaml")
BUCKET = (*LARGE, "compose.s3.yaml")
KINDS = {"small": SMALL, "large": LARGE, "bucket": BUCKET}
MAKE_ENV = PROJECT / "include" / "newswatch_airflow" / "local" / "make_env.py"
ONE_SHOT, ONE_SHOTS = "init", {"init", "bucket"}
OURS = {"api-server", "scheduler", "dag-processor", "triggerer", "init"}
OTHERS = {"postgres", "redis", "store", "newsroom"}  # that run no code of ours, or need none of its settings


class Instead(list[Any]):
    """A list that docker compose puts in place of what is below it."""


class Loader(yaml.SafeLoader):
    """Knows docker compose's own tags."""


def instead(loader: Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return Instead(loader.construct_sequence(node, deep=True))
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor("!override", instead)
Loader.add_constructor("!reset", lambda *_: None)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((PROJECT / name).read_text(encoding="utf-8"), Loader)
    return found


def laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """A service under another file's, as docker compose lays them: lists grow, mappings join, the rest gives way."""
    joined = {**below, **above}
    for name in below.keys() & above.keys():
        if isinstance(below[name], dict):
            joined[name] = laid_over(below[name], above[name])
        elif isinstance(above[name], list) and name in ("volumes", "secrets", "tmpfs") and type(above[name]) is list:
            joined[name] = [*below[name], *above[name]]
    return joined


def services_of(files: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = {}
    for file in files:
        for name, service in read(file)["services"].items():
            below = services.get(name, {})
            if parent := service.get("extends"):
                below = read(parent["file"])["services"][parent["service"]]
            services[name] = laid_over(below, service)
    return services


services = services_of(SMALL)
every = [
    pytest.param(name, service, id=f"{kind}-{name}")
    for kind, files in KINDS.items()
    for name, service in services_of(files).items()
]
every_lasting = [one for one in every if one.values[0] not in ONE_SHOTS]


def make_env(path: Path) -> subprocess.CompletedProcess[str]:
    """Run it as `make env` does, without anything installed (-S: no site-packages)."""
    return subprocess.run([sys.executable, "-S", MAKE_ENV, path], capture_output=True, text=True, check=False)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    assert make_env(path).returncode == 0
    return path


def kept(env: Path) -> dict[str, str]:
    """The secrets beside an `.env`."""
    return {path.name: path.read_text() for path in (env.parent / "secrets").iterdir()}


FIXED = {"NEWSWATCH_DATA_URL", "NEWSWATCH_DATABASE_URL", "NEWSWATCH_HOME"}  # by the compose file itself


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_reaches_every_service_that_runs_our_code(kind: str) -> None:
    ours = {name: service for name, service in services_of(KINDS[kind]).items() if name not in OTHERS}
    assert ours.keys() >= OURS
    assert ("worker" in ours) == (kind != "small")
    for name, service in ours.items():
        given = {variable.removesuffix("_FILE") for variable in service["environment"]}
        missing = [field for field in Settings.model_fields if f"NEWSWATCH_{field.upper()}" not in given]
        assert missing == [], name


def test_what_the_readme_names_stands_in_the_env_file_too() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `NEWSWATCH_")]
    named = {name for row in rows for name in re.findall("`(NEWSWATCH_[A-Z_]+)`", row.split("|")[1])}
    assert len(named) > 9
    assert named - FIXED <= set(re.findall("NEWSWATCH_[A-Z_]+", ENV))


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_people_look_at_is_published_and_only_on_loopback(kind: str) -> None:
    published = ["api-server"] if kind == "small" else ["api-server", "flower"]
    found = {name: service["ports"] for name, service in services_of(KINDS[kind]).items() if service.get("ports")}
    assert list(found) == published
    assert all(str(port).startswith("127.0.0.1:") for ports in found.values() for port in ports)
    assert not [name for name, service in services_of(KINDS[kind]).items() if service.get("network_mode")]


@pytest.mark.parametrize(("name", "service"), every)
def test_no_service_is_privileged_or_reaches_into_the_host(name: str, service: dict[str, Any]) -> None:
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys()
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    sources = [str(volume).split(":")[0] for volume in service.get("volumes", [])]
    from_host = [source for source in sources if source.startswith((".", "~")) or "docker.sock" in source]
    assert from_host in ([], ["./include"])


@pytest.mark.parametrize(("name", "service"), every)
def test_no_service_runs_as_root(name: str, service: dict[str, Any]) -> None:
    """Our own image has a user; those of others start as root unless told."""
    is_ours = service["image"].startswith("newswatch:")
    assert service.get("user", "airflow" if is_ours else "root") in {"airflow", "postgres", "redis", "1000:1000"}
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert re.findall(r"^USER (\w+)", dockerfile, re.MULTILINE)[-1] == "airflow"


@pytest.mark.parametrize(("name", "service"), every)
def test_every_service_has_a_limit_of_memory_and_of_processors(name: str, service: dict[str, Any]) -> None:
    assert service["deploy"]["resources"]["limits"].keys() == {"memory", "cpus"}


def test_the_lists_are_mounted_for_reading_alone() -> None:
    mounts = {str(volume) for service in services.values() for volume in service.get("volumes", [])}
    assert [mount for mount in mounts if mount.startswith("./")] == ["./include:/opt/newswatch/config:ro"]


def test_every_secret_is_a_file_that_make_env_writes_and_none_stands_in_an_environment() -> None:
    declared = {name: place for file in LARGE for name, place in read(file)["secrets"].items()}
    assert declared == {name: {"file": f"${{SECRETS_DIR:?run make env}}/{name}"} for name in MAKERS}
    for file in LARGE:
        text = (PROJECT / file).read_text(encoding="utf-8")
        assert not re.findall(r"\$\{\w*(?:PASSWORD|SECRET_|_KEY|TOKEN)\w*", text)


@pytest.mark.parametrize(("name", "service"), every)
def test_what_a_service_reads_of_its_secrets_is_what_it_is_given(name: str, service: dict[str, Any]) -> None:
    text = str({part: service.get(part) for part in ("environment", "command", "healthcheck")})
    assert set(re.findall(r"/run/secrets/(\w+)", text)) == set(service.get("secrets", []))


def test_secrets_go_only_to_those_who_need_them() -> None:
    holders: dict[str, set[str]] = {}
    for name, service in services_of(LARGE).items():
        for secret in service.get("secrets", []):
            holders.setdefault(secret, set()).add(name)
    airflow = OURS | {"worker", "flower"}
    assert holders == {
        "admin_password": {ONE_SHOT},
        "flower_login": {"flower"},
        "postgres_password": {"postgres"},
        "redis_password": {"redis"},
        **dict.fromkeys(("airflow_database_url", "api_secret", "fernet_key", "jwt_secret"), airflow),
        **dict.fromkeys(("ledger_database_url", "celery_broker_url", "celery_result_url"), airflow),
    }


@pytest.mark.parametrize(("name", "service"), every_lasting)
def test_every_lasting_service_has_a_health_check_restarts_and_keeps_its_logs_small(
    name: str, service: dict[str, Any]
) -> None:
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"
    assert service["init"] is True
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_with_a_bucket_services_share_no_volume_but_the_demo_s_lists() -> None:
    for name, service in services_of(BUCKET).items():
        named = {str(volume).split(":")[0] for volume in service.get("volumes", []) if not str(volume).startswith("/")}
        if name in OURS | {"worker", "flower", "bucket", "newsroom"}:
            assert named == {"./include", "demo-config"}, name


def test_workers_share_no_folder_of_logs() -> None:
    assert "/opt/airflow/logs" in services_of(LARGE)["worker"]["volumes"]  # without a name: each has its own


def test_airflow_starts_after_the_databases_are_ready() -> None:
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        waits = services[name]["depends_on"]
        assert waits["postgres"] == {"condition": "service_healthy"}, name
        assert waits[ONE_SHOT] == {"condition": "service_completed_successfully"}, name
    assert services[ONE_SHOT]["restart"] == "no"


def test_images_are_pinned_to_a_version() -> None:
    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    for image in [*bases, *(service["image"] for service in services_of(BUCKET).values())]:
        assert re.search(r":\d", image), image


def test_the_image_s_airflow_is_the_lock_s() -> None:
    locked = re.search(r"^apache-airflow==(\S+)", (PROJECT / "requirements-team.txt").read_text(), re.MULTILINE)
    assert locked
    assert f"apache/airflow:{locked[1]}-python" in (PROJECT / "Dockerfile").read_text()


def test_the_image_s_packages_are_those_that_are_tested_and_a_few_besides() -> None:
    tested, image = (
        dict(re.findall(r"^([\w.-]+)==(\S+)", (PROJECT / lock).read_text(), re.MULTILINE))
        for lock in ("requirements.txt", "requirements-team.txt")
    )
    assert tested.items() <= image.items()
    assert {f"apache-airflow-providers-{name}" for name in ("amazon", "celery", "fab")} <= image.keys() - tested.keys()


def test_secrets_and_data_do_not_reach_the_image() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not {"!.env", "!secrets", "!var", "!.git", "!."} & set(rules)


def test_the_demo_knows_every_outlet_of_the_newsroom_and_nothing_starts_it_unasked() -> None:
    newsroom = services["newsroom"]
    assert newsroom["profiles"] == ["demo"]
    assert newsroom["networks"]["default"]["aliases"] == [f"{outlet.id}.newsroom" for outlet in OUTLETS]
    assert [name for name, service in services.items() if service.get("profiles")] == ["newsroom"]


def test_make_env_writes_every_secret_that_compose_wants_where_nobody_else_gets(env_file: Path) -> None:
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((env_file.parent / "secrets").stat().st_mode) == 0o700
    values = kept(env_file)
    assert values.keys() == MAKERS.keys()
    assert len(set(values.values())) == len(MAKERS)
    assert len(values["jwt_secret"]) >= 64
    assert len(values["postgres_password"]) >= 32
    assert values["ledger_database_url"].endswith(f"://newswatch:{values['postgres_password']}@postgres/newswatch")
    assert values["celery_broker_url"] == f"redis://:{values['redis_password']}@redis:6379/0"
    assert not [value for value in values.values() if value in env_file.read_text()]
    # Containers read them under other users, whatever this shell's umask is.
    assert {stat.S_IMODE(p.stat().st_mode) for p in (env_file.parent / "secrets").iterdir()} == {0o644}


def test_the_fernet_key_is_one(env_file: Path) -> None:
    from cryptography.fernet import Fernet

    assert Fernet(kept(env_file)["fernet_key"])


def test_make_env_tells_what_it_did_and_no_secret(tmp_path: Path) -> None:
    done = make_env(tmp_path / ".env")
    assert (done.returncode, done.stderr) == (0, "")
    assert str(tmp_path / ".env") in done.stdout
    assert not [value for value in kept(tmp_path / ".env").values() if value in done.stdout]


def test_make_env_leaves_what_is_there_and_makes_what_is_missing(env_file: Path) -> None:
    before, secrets = env_file.read_bytes(), kept(env_file)
    (env_file.parent / "secrets" / "flower_login").unlink()
    done = make_env(env_file)
    assert done.returncode == 0
    assert "stays as it is" in done.stdout
    assert "Wrote into" in done.stdout
    assert env_file.read_bytes() == before
    assert {name: value for name, value in kept(env_file).items() if name != "flower_login"} == {
        name: value for name, value in secrets.items() if name != "flower_login"
    }


def test_make_env_takes_over_the_secrets_of_an_earlier_version(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("POSTGRES_PASSWORD=known\nADMIN_PASSWORD=kept\nNEWSWATCH_TIMEZONE=Europe/Kyiv\n")
    path.chmod(0o644)
    done = make_env(path)
    values = kept(path)
    assert (values["postgres_password"], values["admin_password"]) == ("known", "kept")
    assert "://newswatch:known@" in values["airflow_database_url"]
    assert path.read_text().startswith("POSTGRES_PASSWORD=known\n")
    assert path.read_text().endswith("\nSECRETS_DIR=./secrets\n")
    assert "still has POSTGRES_PASSWORD, ADMIN_PASSWORD: take these lines out" in done.stdout
    assert "chmod 600" in done.stdout
    assert "known" not in done.stdout


def test_git_ignores_the_secrets() -> None:
    assert {".env", "secrets/"} <= set((PROJECT / ".gitignore").read_text().splitlines())


def docker_compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    """With nothing of this shell's settings that the compose file would take in."""
    env = {k: v for k, v in os.environ.items() if k != SECRETS_DIR and not k.startswith(("COMPOSE_", "NEWSWATCH_"))}
    env |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    command = ["docker", "compose", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def has_docker() -> None:
    if not shutil.which("docker") or docker_compose("version").returncode:
        pytest.skip("docker compose is not installed here")


@pytest.mark.usefixtures("has_docker")
@pytest.mark.parametrize("kind", KINDS)
def test_docker_compose_accepts_the_files_with_what_make_env_wrote(env_file: Path, kind: str) -> None:
    files = [part for file in KINDS[kind] for part in ("--file", file)]
    done = docker_compose("--env-file", str(env_file), *files, "--profile", "*", "config", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("has_docker")
def test_without_secrets_docker_compose_says_what_to_run(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    done = docker_compose("--env-file", str(empty), "config", "--quiet")
    assert done.returncode != 0
    assert "run make env" in done.stderr
