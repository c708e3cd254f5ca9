"""Records of runs as the scripts write them: the texts of `py_runs`, written down apart from kue."""

import json
from typing import Any

from tests.store.world import BEFORE, NOW, PYTHON

TOOK = NOW - BEFORE  # of a run that began at BEFORE and ends at NOW
STARTED = {"started_at": BEFORE}  # without it, a job was never taken, and no run is recorded


def record(
    run: int,
    attempt: int,
    outcome: str,
    error: str | None = None,
    *,
    worker: str = PYTHON,
    start: int = BEFORE,
    duration: int = TOOK,
) -> dict[str, Any]:
    whole = {"run": run, "attempt": attempt, "worker": worker, "start": start, "duration": duration}
    return {**whole, "outcome": outcome, "error": error}


def text_of(*records: dict[str, Any]) -> str:
    """The content of `py_runs`."""
    order = ("run", "attempt", "outcome", "worker", "start", "duration", "error")
    lines = [_json({name: one[name] for name in order if name in one} | one) for one in records]
    return "[" + ",\n".join(lines) + "]"


def history(*records: dict[str, Any], spent: int | None = None) -> dict[str, Any]:
    """The fields of a job with these records. `spent` is given if it is more than these durations."""
    total = sum(one["duration"] for one in records)
    return {"py_runs": text_of(*records), "py_process_time": total if spent is None else spent}


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)
