"""The few calls of Airflow's REST API that `make run` and the tests make."""

from __future__ import annotations

from datetime import date
from types import TracebackType
from typing import Any

import httpx

COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class AirflowApi:
    """A logged-in client. Raises httpx.HTTPStatusError with the server's own words."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._login = {"username": user, "password": password}
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def __enter__(self) -> AirflowApi:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.close()

    def is_healthy(self) -> bool:
        """Whether every component reports itself alive."""
        try:
            answer = self._client.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return False
        if answer.status_code != 200:
            return False
        parts = answer.json()
        return all((parts.get(name) or {}).get("status") == "healthy" for name in COMPONENTS)

    def log_in(self) -> None:
        answer = self._client.post("/auth/token", json=self._login)
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """One request below /api/v2; returns the parsed answer."""
        answer = self._client.request(method, f"/api/v2{path}", **arguments)
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"{method} {path}: {answer.status_code} {answer.text[:500]}", request=answer.request, response=answer
            )
        return answer.json() if answer.content else None

    def page(self, path: str) -> str:
        """A page that a plugin serves, as HTML."""
        answer = self._client.get(path)
        answer.raise_for_status()
        return answer.text

    def knows(self, *dag_ids: str) -> bool:
        """Whether the DAG processor has read these DAGs."""
        known = {dag["dag_id"] for dag in self.call("GET", "/dags", params={"limit": 100})["dags"]}
        return set(dag_ids) <= known

    def unpause(self, *dag_ids: str) -> None:
        for dag_id in dag_ids:
            self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def runs(self, dag_id: str, **filters: Any) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = self.call("GET", f"/dags/{dag_id}/dagRuns", params={"limit": 100, **filters})[
            "dag_runs"
        ]
        return runs

    def has_run(self, dag_id: str, day: date) -> bool:
        """Whether there is a run for this partition, in whatever state; one of the newest hundred."""
        return any(run["partition_key"] == str(day) for run in self.runs(dag_id, order_by="-run_after"))

    def has_open_backfill(self, dag_id: str) -> bool:
        """Airflow takes one at a time, and closes it up to half a minute after its last run."""
        backfills = self.call("GET", "/backfills", params={"dag_id": dag_id})["backfills"]
        return any(not b["completed_at"] for b in backfills)

    def close_backfill(self, dag_id: str) -> bool:
        """Whether none is open: one all of whose runs have ended is closed, as Airflow does at its next look."""
        if any(run["state"] not in ("success", "failed") for run in self.runs(dag_id, order_by="-start_date")):
            return not self.has_open_backfill(dag_id)
        for backfill in self.call("GET", "/backfills", params={"dag_id": dag_id})["backfills"]:
            if not backfill["completed_at"]:
                answer = self._client.put(f"/api/v2/backfills/{backfill['id']}/cancel")
                if answer.status_code != 409:  # Airflow has closed it meanwhile
                    answer.raise_for_status()
        return True

    def backfill(self, dag_id: str, first: date, last: date, *, reprocess: str = "none") -> int:
        """Create a backfill over partition dates, ends included; returns its id."""
        body = {
            "dag_id": dag_id,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T00:00:00Z",
            "reprocess_behavior": reprocess,
            "max_active_runs": 4,
            "run_backwards": False,
            "dag_run_conf": {},
        }
        return int(self.call("POST", "/backfills", json=body)["id"])
