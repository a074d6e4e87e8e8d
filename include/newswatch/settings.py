"""The environment, read once: where things are kept and how the machine should behave."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Mapping, MutableMapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from newswatch.errors import ConfigError

zone_names = cache(available_timezones)  # it walks through the whole folder of zones each time
SHIPPED_CONFIG_DIR = Path(__file__).resolve().parents[1]
PREFIX = "NEWSWATCH_"
SOURCED = f"{PREFIX}SOURCED_FROM"  # set by the env file of a `make run`: its own path


class Settings(BaseModel):
    """Every setting has an environment variable: `NEWSWATCH_` and the field's name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config_dir: Path = Field(SHIPPED_CONFIG_DIR, description="Folder with feeds.yaml and topics.yaml.")
    home: Path = Field(Path(), description="Folder of everything that Newswatch makes on this machine.")
    data_url: str = Field(
        "",
        description="Folder, or URL of a bucket (s3://, gs://, az://) or of what else fsspec reaches, "
        "for raw bytes, batches, tables and digests.",
    )
    database_url: str = Field("", description="PostgreSQL URL of the ledger; empty: the embedded server in `home`.")
    timezone: str = Field("UTC", description="IANA zone in which days are counted; see `newswatch days rezone`.")
    digest_hour: int = Field(6, ge=0, le=23, description="Hour in `timezone` at which the day before gets its digest.")
    digest_deadline_minutes: int = Field(60, ge=0, description="After that hour, until a digest is told of as late.")
    json_logs: bool = Field(False, description="Logs as JSON, an object a line.")
    contact: str = Field("", description="Address or URL named in the User-Agent, for the people whose sites we read.")
    shards: int = Field(
        0, ge=0, le=64, description="Mapped tasks that poll and fetch are shared out to; 0: by how many run at a time."
    )
    host_delay_seconds: float = Field(1.0, ge=0, le=60, description="Pause between two requests to one host.")
    request_deadline_seconds: float = Field(30.0, gt=0, description="Total time of one request, redirects included.")
    poll_budget_seconds: float = Field(600.0, gt=0, description="Time after which a poll task leaves the rest due.")
    longest_interval_hours: float = Field(
        24.0, ge=0.25, le=168, description="Longest time between two polls of a feed that publishes little."
    )
    fetch_budget_seconds: float = Field(
        600.0, gt=0, description="Time after which a fetch task leaves the rest pending."
    )
    visit_cap: int = Field(100, ge=0, description="Pages of known stories looked at again in one fetch task; 0: none.")
    max_feed_bytes: int = Field(15_000_000, gt=0, description="Largest feed body, on the wire and decoded.")
    max_page_bytes: int = Field(10_000_000, gt=0, description="Largest page body, on the wire and decoded.")
    max_file_bytes: int = Field(60_000_000, gt=0, description="Largest saved page that `newswatch extract` reads.")
    parse_deadline_seconds: float = Field(8.0, gt=0, description="Processor time of a parser for one feed or page.")
    parse_memory_bytes: int = Field(1_000_000_000, gt=0, description="Address space of one parser child.")
    parse_workers: int = Field(2, ge=1, le=32, description="Parser children of one poll or fetch task.")
    notify_urls: SecretStr = Field(
        SecretStr(""),
        description="Apprise URLs, with blanks between, that are told of bad feeds and failed digests; empty: a file.",
    )
    channels: str = Field(
        "",
        description="Ids of Airflow connections, with blanks between, to which digests are sent: smtp, or any other "
        "type with an apprise URL as its password. The file is always written.",
    )
    pages_url: str = Field("", description="Address of the pages in Airflow's UI, for links in messages and feeds.")
    orphan_days: int = Field(
        7,
        ge=1,
        description="Days after which a file that the ledger does not name is put apart, and then deleted.",
    )
    as_known_days: int = Field(90, ge=0, description="Days for which folders of as-known/ are kept; 0: for ever.")
    raw_feed_days: int = Field(0, ge=0, description="Days for which the bytes of feeds are kept; 0: for ever.")
    raw_limit_bytes: int = Field(
        0, ge=0, description="Largest size of raw/; what stories were read from stays all the same. 0: no limit."
    )
    keep_rows: str = Field(
        "", description="Days by table for which rows are kept, such as `robots=30 visits=365`; all others stay."
    )
    low_disk_bytes: int = Field(5_000_000_000, ge=0, description="Room on a disk below which maintenance warns.")
    airflow_days: int = Field(
        90, ge=0, description="Days for which Airflow's own runs, logs and XComs are kept; 0: for ever."
    )
    airflow_database_url: SecretStr = Field(
        SecretStr(""), description="Airflow's own database, for maintenance to clean; empty: its rows are kept."
    )
    digest_recovered: bool = Field(
        False, description="List stories that were recovered from a site's past as late additions in the next digest."
    )
    announce_cap: int = Field(40, ge=1, description="Dirty days announced in one run, oldest first.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in zone_names():
            raise ValueError(f"{value!r} is no IANA time zone (write it like Europe/Kyiv)")
        return value

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


_USER_PASSWORD = re.compile(r"(?<=:)[^:/@\s]+(?=@)")
_SECRET_PARAMETER = re.compile(r"(?i)((?:pass|secret|token|key|sig)\w*=)[^&\s]+")


def without_secrets(text: str) -> str:
    """The text with `***` for passwords of URLs in it, and for parameters that are named like one."""
    return _SECRET_PARAMETER.sub(r"\1***", _USER_PASSWORD.sub("***", text))


def profile_of(config_dir: Path) -> str:
    """A folder name that keeps the data of one configuration apart from any other's."""
    path = config_dir.resolve()
    return f"{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def forget_sourced(environ: MutableMapping[str, str]) -> None:
    """Drop the variables that a sourced env file of some `make run` has set; what was set otherwise since stays."""
    try:
        text = Path(environ.pop(SOURCED, "")).read_text(encoding="utf-8")
    except OSError:
        return
    for line in text.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        if name.startswith(PREFIX) and [environ.get(name)] == shlex.split(value):
            del environ[name]


def _from_files(given: Mapping[str, str]) -> dict[str, str]:
    """What was given, with the values of those that are given as a file: DATABASE_URL_FILE holds that of DATABASE_URL.

    So a password stands in no environment. Raises ConfigError that names each file which cannot be read, and each
    setting that is given twice.
    """
    values, wrong = dict(given), []
    for name, path in given.items():
        setting = name.removesuffix("_file")
        if setting == name or setting not in Settings.model_fields:
            continue
        del values[name]
        if setting in given:
            wrong.append(f"environment: {PREFIX}{name.upper()} and {PREFIX}{setting.upper()} are both set. Unset one.")
            continue
        try:
            values[setting] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            wrong.append(f"environment: {PREFIX}{name.upper()}: {path} cannot be read: {error}")
    if wrong:
        raise ConfigError(wrong)
    return {name: value for name, value in values.items() if value}


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `NEWSWATCH_*`; an empty variable counts as unset, and one with `_FILE` names the file that has the value.

    Raises ConfigError that names each variable which is wrong or looks like a setting misspelt.
    """
    source = os.environ if environ is None else environ
    given = _from_files({k[len(PREFIX) :].lower(): v for k, v in source.items() if k.startswith(PREFIX) and v})
    values = {name: value for name, value in given.items() if name in Settings.model_fields}
    misspelt = [
        f"environment: {PREFIX}{name.upper()} is no setting. Did you mean {PREFIX}{near[0].upper()}?"
        for name in sorted(given.keys() - values.keys())
        if (near := get_close_matches(name, Settings.model_fields, n=1, cutoff=0.8))
    ]
    if misspelt:
        raise ConfigError(misspelt)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        wrong = [(str(e["loc"][0]).upper(), without_secrets(str(e["input"])), e["msg"]) for e in error.errors()]
        raise ConfigError([f"environment: {PREFIX}{name}={value!r}: {why}" for name, value, why in wrong]) from error
    config_dir = settings.config_dir.resolve()
    home = settings.home if "home" in values else SHIPPED_CONFIG_DIR.parent / "var" / profile_of(config_dir)
    home = home.resolve()
    data_url = settings.data_url or str(home / "data")
    return settings.model_copy(update={"config_dir": config_dir, "home": home, "data_url": data_url})
