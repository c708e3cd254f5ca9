"""Reads the history of a job: the records of runs that Lua wrote (`run_record`), and the run that only the hash shows.

The hash alone shows a run that completed its job, one that has not ended, and the last run of a Node worker.
"""

from __future__ import annotations

from typing import TypedDict

from kue.options.values import parse_number
from kue.store import codec
from kue.store.job_hash import JobHash, read_text

_MAX_CHARACTERS = 200  # of an error, and of a worker id in a record, as in Lua
_COUNTED = ("complete", "failed", "ttl", "cancelled")  # outcomes that use up an attempt, as in Lua
_TTL_ERROR = "TTL exceeded"


class RunRecord(TypedDict):
    """One run. Times are in ms; `duration` is None while it runs, or if it is not known."""

    run: int
    attempt: int
    worker: str | None
    start: int
    duration: int | None
    outcome: str
    error: str | None


def runs_of(hash: JobHash) -> list[RunRecord]:
    """The runs of a job, the oldest first."""
    records = _records(hash)
    last = _last_run(hash, records)
    return records if last is None else [*records, last]


def completed_at(hash: JobHash) -> int | None:
    """When a job that is complete completed; None if it was moved by hand after its last run, or had none."""
    last = runs_of(hash)[-1:]
    if not last or last[0]["outcome"] != "complete":
        return None
    return last[0]["start"] + (last[0]["duration"] or 0)


def process_time(hash: JobHash) -> int:
    """How long all runs of a job that have ended took together, in ms."""
    last = _last_run(hash, _records(hash))
    return _whole(hash.py_process_time) + ((last and last["duration"]) or 0)


def _records(hash: JobHash) -> list[RunRecord]:
    """The records that Lua wrote. A field that holds anything else counts as empty."""
    try:
        found = codec.decode(codec.text(hash.py_runs or b"[]"))
        return [RunRecord(**{name: record[name] for name in RunRecord.__annotations__}) for record in found]  # type: ignore[typeddict-item]
    except (ValueError, TypeError, KeyError):
        return []


def _last_run(hash: JobHash, records: list[RunRecord]) -> RunRecord | None:
    """The last run, if it has no record; None if it has one, or if the hash does not show how it ended."""
    start, worker = _whole(hash.started_at), read_text(hash.workerId)
    before = records[-1] if records else None
    if not start or not worker or (before and (before["start"], before["worker"]) == (start, worker[:_MAX_CHARACTERS])):
        return None
    outcome, duration, error = _end(hash, start)
    if not outcome:
        return None
    attempt = max(1, _whole(hash.attempts))
    if outcome == "running":
        attempt = max(1, min(_whole(hash.attempts) + 1, _whole(hash.max_attempts)), _whole(hash.attempts))
    return RunRecord(
        run=_number(attempt, before),
        attempt=attempt,
        worker=worker,
        start=start,
        duration=duration,
        outcome=outcome,
        error=error,
    )


def _end(hash: JobHash, start: int) -> tuple[str, int | None, str | None]:
    """The outcome of the last run, its duration and its error; the outcome is "" if it is not known."""
    if hash.state == b"active":
        return "running", None, None
    failed_at = _whole(hash.failed_at)
    if hash.state == b"complete" and failed_at <= start:
        duration = parse_number(hash.duration)
        if duration is None or start + duration > max(_whole(hash.updated_at), start):
            return "", None, None  # it was moved by hand, and the duration is that of an earlier run
        return "complete", int(duration), None
    if failed_at < start:
        return "", None, None
    error = codec.text(hash.error or b"").partition("\n")[0][:_MAX_CHARACTERS]
    return "ttl" if error == _TTL_ERROR else "failed", failed_at - start, error


def _number(attempt: int, before: RunRecord | None) -> int:
    """The number of a run. Attempts in between that left no record were those of Node workers. As in Lua."""
    if before is None:
        return attempt
    expected = before["attempt"] + (before["outcome"] in _COUNTED)
    return before["run"] + 1 + max(0, attempt - expected)


def _whole(raw: bytes | None) -> int:
    return int(parse_number(raw) or 0)
