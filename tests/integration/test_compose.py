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
from newswatch_airflow.local.make_env import env_text

PROJECT = SHIPPED_CONFIG_DIR.parent
COMPOSE = PROJECT / "docker-compose.yaml"
MAKE_ENV = PROJECT / "include" / "newswatch_airflow" / "local" / "make_env.py"
SECRETS = {"POSTGRES_PASSWORD", "AIRFLOW_JWT_SECRET", "AIRFLOW_API_SECRET", "AIRFLOW_FERNET_KEY", "ADMIN_PASSWORD"}
ONE_SHOT = "init"

text = COMPOSE.read_text(encoding="utf-8")
services: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
lasting = {name: service for name, service in services.items() if name != ONE_SHOT}


def make_env(path: Path) -> subprocess.CompletedProcess[str]:
    """Run it as `make env` does, without anything installed (-S: no site-packages)."""
    return subprocess.run([sys.executable, "-S", MAKE_ENV, path], capture_output=True, text=True, check=False)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    assert make_env(path).returncode == 0
    return path


def given(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


FIXED = {"NEWSWATCH_DATA_URL", "NEWSWATCH_DATABASE_URL", "NEWSWATCH_HOME"}  # by the compose file itself


def test_every_setting_reaches_every_service_that_runs_our_code() -> None:
    ours = {name: service["environment"] for name, service in services.items() if service.get("depends_on")}
    assert {"api-server", "scheduler", "dag-processor", "triggerer", "init"} <= ours.keys()
    for name, environment in ours.items():
        missing = [field for field in Settings.model_fields if f"NEWSWATCH_{field.upper()}" not in environment]
        assert missing == [], name


def test_what_the_readme_names_stands_in_the_env_file_too() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `NEWSWATCH_")]
    named = {name for row in rows for name in re.findall("`(NEWSWATCH_[A-Z_]+)`", row.split("|")[1])}
    assert len(named) > 9
    assert named - FIXED <= set(re.findall("NEWSWATCH_[A-Z_]+", env_text()))


def test_only_the_api_server_is_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert list(published) == ["api-server"]
    assert all(str(port).startswith("127.0.0.1:") for port in published["api-server"])
    assert not [name for name, service in services.items() if service.get("network_mode")]


def test_no_service_is_privileged_or_reaches_into_the_host() -> None:
    for name, service in services.items():
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "user"} & service.keys(), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        sources = [str(volume).split(":")[0] for volume in service.get("volumes", [])]
        from_host = [source for source in sources if not source.replace("-", "").isalnum()]
        assert from_host in ([], ["./include"]), name


def test_the_lists_are_mounted_for_reading_alone() -> None:
    mounts = {str(volume) for service in services.values() for volume in service.get("volumes", [])}
    assert [mount for mount in mounts if mount.startswith("./")] == ["./include:/opt/newswatch/config:ro"]


def test_every_secret_is_required_by_name_and_none_has_a_default() -> None:
    required = set(re.findall(r"\$\{(\w+):\?run make env\}", text))
    assert required == SECRETS
    for name in SECRETS:
        uses = re.findall(rf"\$\{{?{name}\b[^}}]*\}}?", text)
        assert set(uses) == {f"${{{name}:?run make env}}"}, name


def test_secrets_go_only_to_those_who_need_them() -> None:
    assert [name for name, s in services.items() if "ADMIN_PASSWORD" in s.get("environment", {})] == [ONE_SHOT]
    for name in ("newsroom", "postgres"):
        values = " ".join(services[name].get("environment", {}).values())
        assert not [secret for secret in SECRETS - {"POSTGRES_PASSWORD"} if secret in values], name
    assert [
        name for name, s in services.items() if any(str(v).startswith("private:") for v in s.get("volumes", []))
    ] == [
        ONE_SHOT,
        "api-server",
    ]


@pytest.mark.parametrize("name", lasting)
def test_every_lasting_service_has_a_health_check_restarts_and_keeps_its_logs_small(name: str) -> None:
    service = lasting[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"
    assert service["init"] is True
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_airflow_starts_after_the_databases_are_ready() -> None:
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        waits = services[name]["depends_on"]
        assert waits["postgres"] == {"condition": "service_healthy"}, name
        assert waits[ONE_SHOT] == {"condition": "service_completed_successfully"}, name
    assert services[ONE_SHOT]["restart"] == "no"


def test_images_are_pinned_to_a_version() -> None:
    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    for image in [*bases, *(service["image"] for service in services.values())]:
        assert re.search(r":\d", image), image


def test_the_image_s_airflow_is_the_lock_s() -> None:
    locked = re.search(r"^apache-airflow==(\S+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
    assert locked
    assert f"apache/airflow:{locked[1]}-python" in (PROJECT / "Dockerfile").read_text()


def test_secrets_and_data_do_not_reach_the_image() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not {"!.env", "!var", "!.git", "!."} & set(rules)


def test_the_demo_knows_every_outlet_of_the_newsroom_and_nothing_starts_it_unasked() -> None:
    newsroom = services["newsroom"]
    assert newsroom["profiles"] == ["demo"]
    assert newsroom["networks"]["default"]["aliases"] == [f"{outlet.id}.newsroom" for outlet in OUTLETS]
    assert [name for name, service in services.items() if service.get("profiles")] == ["newsroom"]


def test_make_env_writes_a_private_file_with_every_name_that_compose_requires(env_file: Path) -> None:
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    values = given(env_file)
    assert values.keys() == SECRETS
    assert len(set(values.values())) == len(SECRETS)
    assert len(values["AIRFLOW_JWT_SECRET"]) >= 64
    assert len(values["POSTGRES_PASSWORD"]) >= 32
    assert all(re.fullmatch(r"[\w-]+=?", value) for value in values.values())  # as they are in a URL and in .env


def test_the_fernet_key_is_one(env_file: Path) -> None:
    from cryptography.fernet import Fernet

    assert Fernet(given(env_file)["AIRFLOW_FERNET_KEY"])


def test_make_env_tells_what_it_did_and_no_secret(tmp_path: Path) -> None:
    done = make_env(tmp_path / ".env")
    assert (done.returncode, done.stderr) == (0, "")
    assert str(tmp_path / ".env") in done.stdout
    assert not [value for value in given(tmp_path / ".env").values() if value in done.stdout]


def test_make_env_leaves_an_existing_file_as_it_is(env_file: Path) -> None:
    before = env_file.read_bytes()
    done = make_env(env_file)
    assert done.returncode == 0
    assert "stays as it is" in done.stdout
    assert env_file.read_bytes() == before


def test_make_env_names_what_an_existing_file_lacks(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("POSTGRES_PASSWORD=kept\nADMIN_PASSWORD=\n")
    path.chmod(0o644)
    done = make_env(path)
    assert "It lacks AIRFLOW_JWT_SECRET, AIRFLOW_API_SECRET, AIRFLOW_FERNET_KEY, ADMIN_PASSWORD" in done.stdout
    assert "chmod 600" in done.stdout
    assert "kept" not in done.stdout


def test_git_ignores_the_secrets() -> None:
    assert ".env" in (PROJECT / ".gitignore").read_text().splitlines()


def docker_compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    """With nothing of this shell's settings that the compose file would take in."""
    env = {k: v for k, v in os.environ.items() if k not in SECRETS and not k.startswith(("COMPOSE_", "NEWSWATCH_"))}
    command = ["docker", "compose", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def has_docker() -> None:
    if not shutil.which("docker") or docker_compose("version").returncode:
        pytest.skip("docker compose is not installed here")


@pytest.mark.usefixtures("has_docker")
def test_docker_compose_accepts_the_file_with_what_make_env_wrote(env_file: Path) -> None:
    done = docker_compose("--env-file", str(env_file), "--profile", "demo", "config", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("has_docker")
def test_without_secrets_docker_compose_says_what_to_run(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    done = docker_compose("--env-file", str(empty), "config", "--quiet")
    assert done.returncode != 0
    assert "run make env" in done.stderr
