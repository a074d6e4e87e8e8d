"""Metrics: Newswatch's gauges through Airflow's own stats interface, and so by the exporter that Airflow is set to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow.sdk.configuration import conf
from airflow.sdk.observability.stats import Stats

if TYPE_CHECKING:
    from newswatch.pipeline import Gauge

PREFIX = "newswatch."  # below Airflow's own: `airflow.newswatch.stories`
LONGEST_FLUSH_MS = 5_000  # a collector that does not answer holds no task up
_EXPORTERS = ("otel_on", "statsd_on", "statsd_datadog_enabled")


def is_on() -> bool:
    """Whether Airflow exports metrics at all."""
    return any(conf.getboolean("metrics", name, fallback=False) for name in _EXPORTERS)


def emit(gauges: Iterable[Gauge]) -> None:
    """Hand the gauges over, and see to it that they leave before the task's process ends."""
    for gauge in gauges:
        Stats.gauge(PREFIX + gauge.name, gauge.value, tags=gauge.tags)
    _flush()


def _flush() -> None:
    """OpenTelemetry's reader sends once a minute, and a task's process may be gone by then."""
    from opentelemetry.metrics import get_meter_provider

    flush = getattr(get_meter_provider(), "force_flush", None)  # the provider of who exports nothing has none
    if flush:
        flush(LONGEST_FLUSH_MS)
