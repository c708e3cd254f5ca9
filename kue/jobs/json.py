"""A job as Kue's JSON has it: Kue's names and order, times as the strings of the hash, absent fields left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kue.jobs.job import Job


def job_json(job: Job) -> dict[str, Any]:
    """What `JSON.parse(JSON.stringify(job))` gives in Node."""
    made, most = job.attempts_made, job.attempts()
    fields = {
        "id": job.id,
        "type": job.type,
        "data": job.data,
        "result": job.result,
        "priority": job.priority(),
        "progress": job._progress or 0,
        "progress_data": job.progress_data,
        "state": job.state(),
        "error": job.error(),
        "created_at": _text(job.created_at),
        "promote_at": _text(job.promote_at),
        "updated_at": _text(job.updated_at),
        "failed_at": _text(job.failed_at),
        "started_at": _text(job.started_at),
        "duration": _text(job.duration),
        "delay": _text(job.delay()),
        "workerId": job.worker_id,
        "ttl": _text(job.ttl()),
        "attempts": {"made": made, "remaining": most - made if made > 0 else most, "max": most},
    }
    return {name: value for name, value in fields.items() if value is not None or name == "data"}


def _text(value: float | None) -> str | None:
    return None if value is None else str(value)
