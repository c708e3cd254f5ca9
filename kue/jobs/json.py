"""Kue's JSON form of a job: Kue's names and order, times as the strings of the hash, absent fields left out."""

from __future__ import annotations

from typing import Any, Protocol


class JobFields(Protocol):
    """The parts of a job that its JSON shows."""

    id: int | None
    type: str
    data: Any
    result: Any
    progress_data: Any
    created_at: Any
    promote_at: Any
    updated_at: Any
    failed_at: Any
    started_at: Any
    duration: Any
    worker_id: Any
    attempts_made: Any
    priority: Any
    attempts: Any
    delay: Any
    ttl: Any

    @property
    def state(self) -> Any: ...

    @property
    def error(self) -> Any: ...

    @property
    def stored_progress(self) -> str | None: ...


def job_json(job: JobFields) -> dict[str, Any]:
    """The dict that equals `JSON.parse(JSON.stringify(job))` in Node."""
    made, max_attempts = job.attempts_made, job.attempts()
    fields = {
        "id": job.id,
        "type": job.type,
        "data": job.data,
        "result": job.result,
        "priority": job.priority(),
        "progress": job.stored_progress or 0,
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
        "attempts": {"made": made, "remaining": max_attempts - made if made > 0 else max_attempts, "max": max_attempts},
    }
    return {name: value for name, value in fields.items() if value is not None or name == "data"}


def _text(value: float | None) -> str | None:
    return None if value is None else str(value)
