"""Newswatch's gauges leave by Airflow's own exporter, from a process as short as a task's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from newswatch.pipeline import GAUGES

METRICS = Path(__file__).parents[2] / "deploy" / "metrics"
TASK = """
from airflow.sdk._shared.observability.metrics import stats
from airflow.sdk.observability.metrics import stats_utils

stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)  # as Airflow's task runner does

from newswatch.pipeline import Gauge
from newswatch_airflow import metrics

assert metrics.is_on()
metrics.emit([Gauge("stories", 12), Gauge("feeds", 3, {"condition": "well"}), Gauge("feeds", 1, {"condition": "gone"})])
import os
os._exit(0)  # as a forked task ends: nothing that is registered for the end is called
"""


class Collector(ThreadingHTTPServer):
    """An OTLP receiver. `received`: value by name and attributes."""

    received: dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for metric in (m for scope in resource.scope_metrics for m in scope.metrics):
                    for point in metric.gauge.data_points:
                        tags = tuple(sorted((a.key, a.value.string_value) for a in point.attributes))
                        server.received[metric.name, tags] = point.as_double or float(point.as_int)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = Collector(("127.0.0.1", 0), Handler)
    server.received = {}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def run_task(port: int) -> subprocess.CompletedProcess[str]:
    exporter = {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "AIRFLOW__METRICS__OTEL_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__OTEL_PORT": str(port),
    }
    command = [sys.executable, "-W", "ignore", "-c", TASK]
    return subprocess.run(command, env=os.environ | exporter, capture_output=True, text=True, check=False, timeout=60)


def test_gauges_reach_the_collector_before_the_process_ends(collector: Collector) -> None:
    done = run_task(collector.server_address[1])
    assert done.returncode == 0, done.stderr
    ours = {key: value for key, value in collector.received.items() if "newswatch" in key[0]}
    assert ours == {
        ("airflow.newswatch.stories", ()): 12,
        ("airflow.newswatch.feeds", (("condition", "well"),)): 3,
        ("airflow.newswatch.feeds", (("condition", "gone"),)): 1,
    }


def test_a_collector_that_is_not_there_fails_no_task(collector: Collector) -> None:
    port = collector.server_address[1]
    collector.shutdown()
    collector.server_close()
    assert run_task(port).returncode == 0


def queries(panel: Any) -> Iterator[str]:
    if isinstance(panel, dict):
        yield from ([panel["expr"]] if "expr" in panel else [])
        panel = list(panel.values())
    if isinstance(panel, list):
        for one in panel:
            yield from queries(one)


def metrics_named(text: str) -> set[str]:
    return set(re.findall(r"\bairflow_\w+", text))


def test_dashboard_and_alerts_ask_for_what_is_sent() -> None:
    from airflow._shared.observability.metrics.metrics_registry import MetricsRegistry

    shown = metrics_named(" ".join(queries(json.loads((METRICS / "grafana-dashboard.json").read_text()))))
    ours = {f"airflow_newswatch_{name}" for name in GAUGES}
    assert ours <= shown
    (group,) = yaml.safe_load((METRICS / "alerts.yaml").read_text())["groups"]
    asked = shown | metrics_named(" ".join(rule["expr"] for rule in group["rules"]))
    of_airflow = {f"airflow_{name.replace('.', '_')}" for name in MetricsRegistry()._metrics}
    assert {name.removesuffix("_total") for name in asked - ours} <= of_airflow


def test_every_gauge_stands_in_the_guide() -> None:
    guide = (METRICS.parents[1] / "docs" / "operations.md").read_text()
    assert [name for name in GAUGES if f"`{name}`" not in guide] == []
