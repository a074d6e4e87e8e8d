"""Servers by docker compose: each brought up from nothing once for the tests of a module, and taken down after them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from newswatch_airflow.local.environment import PROJECT

from .server import HERE, Server

SMALL = (PROJECT / "docker-compose.yaml", HERE / "stand-ins.yaml")
LARGE = (SMALL[0], PROJECT / "compose.celery.yaml", SMALL[1], HERE / "stand-ins-celery.yaml")
BUCKET = (*LARGE[:2], PROJECT / "compose.s3.yaml", *LARGE[2:], HERE / "stand-ins-s3.yaml")
BASE_IMAGES = ("apache/airflow:3.3.2-python3.13", "postgres:17", "redis:8", "python:3.13-slim")


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where no engine runs that has Compose and the base images, or may fetch them."""
    if not shutil.which("docker"):
        pytest.skip("docker is not installed here")
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip(f"`{' '.join(command)}` fails: no engine runs here")
    for image in BASE_IMAGES:
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode and (
            subprocess.run(["docker", "pull", "--quiet", image], capture_output=True, check=False).returncode
        ):
            pytest.skip(f"the image {image} is not here and cannot be fetched")


@pytest.fixture(scope="session")
def start(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts a server with a login for each role; the last one is taken down, whatever became of it."""
    started: list[Server] = []

    def start_one(project: str, files: tuple[Path, ...], *options: str, **settings: str) -> Server:
        while started:
            started.pop().down()
        server = Server(project, files, tmp_path_factory.mktemp(project), settings)
        started.append(server)
        server.down()  # what a run that was killed has left
        server.compose("--profile", "*", "build")
        server.up(*options)
        server.add_logins()
        return server

    yield start_one
    while started:
        started.pop().down()
