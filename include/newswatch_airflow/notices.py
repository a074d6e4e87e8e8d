"""Notices: who is told when a digest fails. By default a line in Airflow's log and one in a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier

NOTICES_FILE = "notices.jsonl"


class FileNotice(BaseNotifier):
    """Append one JSON line about the failed run to `notices.jsonl` in NEWSWATCH_HOME, and log it."""

    def notify(self, context: Any) -> None:
        from newswatch.settings import load_settings

        run = context["dag_run"]
        notice = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "day": getattr(run, "partition_key", None),
            "reason": str(context.get("reason") or context.get("exception") or "failed"),
        }
        path = Path(load_settings().home) / NOTICES_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(notice, ensure_ascii=False) + "\n")
        self.log.error("%s failed for %s (run %s); noted in %s", run.dag_id, notice["day"], run.run_id, path)
