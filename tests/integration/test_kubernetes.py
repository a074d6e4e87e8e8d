"""deploy/kubernetes/values.yaml against code, image, compose and guide: what a cluster alone would tell otherwise."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import yaml

from newswatch.settings import SHIPPED_CONFIG_DIR, Settings, load_settings
from newswatch_airflow import roles

PROJECT = SHIPPED_CONFIG_DIR.parent
TEXT = (PROJECT / "deploy" / "kubernetes" / "values.yaml").read_text(encoding="utf-8")
VALUES: dict[str, Any] = yaml.safe_load(TEXT)
ENVIRONMENT: dict[str, str] = {one["name"]: one["value"] for one in VALUES["env"]}
JOB = VALUES["migrateDatabaseJob"]
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
GUIDE = (PROJECT / "docs" / "production.md").read_text(encoding="utf-8")
# What the chart takes secrets by, written into the file itself.
INLINE_SECRETS = {"apiSecretKey", "brokerUrl", "extraSecrets", "fernetKey", "jwtSecret", "metadataConnection"}
INLINE_SECRETS |= {"pass", "password", "resultBackendConnection", "webserverSecretKey"}


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys_of(below)


def mounted_files(volumes: list[dict[str, Any]], mounts: list[dict[str, Any]]) -> dict[str, str]:
    """The path of each file that a Secret gives, and the key it is made of."""
    folders = {mount["name"]: PurePosixPath(mount["mountPath"]) for mount in mounts}
    return {
        str(folders[volume["name"]] / item["path"]): item["key"]
        for volume in volumes
        for item in volume.get("secret", {}).get("items", [])
    }


def test_each_variable_is_a_setting_with_a_value_it_may_have() -> None:
    ours = {name: value for name, value in ENVIRONMENT.items() if name.startswith("NEWSWATCH_")}
    fields = {f"NEWSWATCH_{field.upper()}" for field in Settings.model_fields}
    assert {name.removesuffix("_FILE") for name in ours} <= fields
    settings = load_settings({name: value for name, value in ours.items() if not name.endswith("_FILE")})
    assert settings.data_url.startswith("s3://")
    assert VALUES["config"]["logging"]["remote_base_log_folder"].startswith("s3://")


def test_no_secret_stands_in_the_file() -> None:
    assert not INLINE_SECRETS & set(keys_of(VALUES))
    assert not re.search(r"://[^/\s]*@", TEXT)
    secret = re.compile("DATABASE_URL|PASSWORD|SECRET|_KEY|TOKEN")
    assert [name for name in ENVIRONMENT if secret.search(name) and not name.endswith("_FILE")] == []


def test_each_file_that_a_variable_names_is_mounted() -> None:
    files = mounted_files(VALUES["volumes"], VALUES["volumeMounts"])
    assert {value for name, value in ENVIRONMENT.items() if name.endswith("_FILE")} == files.keys()
    of_job = mounted_files(JOB["extraVolumes"], JOB["extraVolumeMounts"])
    assert re.findall(rf"{roles.PASSWORD_FILE}=(\S+)", JOB["args"][-1]) == list(of_job)
    assert ENVIRONMENT["NEWSWATCH_CONFIG_DIR"] in {mount["mountPath"] for mount in VALUES["volumeMounts"]}


def test_the_guide_makes_each_secret_and_list_that_is_named() -> None:
    command = re.sub(r"\\\n\s*", "", GUIDE.split("## Kubernetes")[1])
    [made] = re.findall("kubectl create secret generic newswatch (.*)", command)
    from_chart = {"connection", "fernet-key", "api-secret-key", "jwt-secret"}
    mounted = {
        *mounted_files(VALUES["volumes"], VALUES["volumeMounts"]).values(),
        *mounted_files(JOB["extraVolumes"], JOB["extraVolumeMounts"]).values(),
    }
    assert set(re.findall(r"--from-file=([\w-]+)=", made)) == from_chart | mounted
    named = {VALUES[name] for name in ("fernetKeySecretName", "apiSecretKeySecretName", "jwtSecretName")}
    assert named | {VALUES["data"]["metadataSecretName"]} == {"newswatch"}
    for volume in [one for one in VALUES["volumes"] if "configMap" in one]:
        assert f"kubectl create configmap {volume['configMap']['name']} " in command


def test_image_and_airflow_are_the_projects() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    image = VALUES["images"]["airflow"]
    assert image["tag"] == version
    assert f"docker push {image['repository']}:{version}" in GUIDE
    assert f"ARG AIRFLOW_IMAGE=apache/airflow:{VALUES['airflowVersion']}-" in DOCKERFILE


def test_dags_and_plugins_are_those_of_the_image() -> None:
    """No value puts others before the image's variables, and no mount lies over its folders."""
    folders = dict(re.findall(r"AIRFLOW__CORE__(DAGS_FOLDER|PLUGINS_FOLDER)=(\S+)", DOCKERFILE))
    assert folders.keys() == {"DAGS_FOLDER", "PLUGINS_FOLDER"}
    compose = COMPOSE["services"]["scheduler"]["environment"]
    for name, folder in folders.items():
        assert ENVIRONMENT.get(f"AIRFLOW__CORE__{name}", folder) == folder == compose[f"AIRFLOW__CORE__{name}"]
        assert not [one for one in VALUES["volumeMounts"] if PurePosixPath(folder).is_relative_to(one["mountPath"])]
    assert not {"dags", "dags_folder", "plugins_folder"} & set(keys_of(VALUES))


def test_it_is_set_up_as_under_compose() -> None:
    script = COMPOSE["services"]["init"]["command"][-1]
    commands = script[script.index("esac") :].splitlines()[1:]
    without_variables = re.sub(r"^[A-Z_]+=\S+ ", "", JOB["args"][-1], flags=re.MULTILINE)
    assert without_variables.splitlines() == [line.strip() for line in commands]
    assert "{{" not in JOB["args"][-1], "the chart would take it for a template"
    compose = COMPOSE["services"]["scheduler"]["environment"]
    assert VALUES["config"]["core"]["auth_manager"] == compose["AIRFLOW__CORE__AUTH_MANAGER"]
    for name in ("orphaned_tasks_check_interval", "task_instance_heartbeat_timeout"):
        assert str(VALUES["config"]["scheduler"][name]) == compose[f"AIRFLOW__SCHEDULER__{name.upper()}"]


def test_nobody_is_let_in_by_the_charts_own_first_login() -> None:
    assert VALUES["webserver"]["defaultUser"] == VALUES["apiServer"]["defaultUser"] == {"enabled": False}
