"""When each job of a take was due, as the fields say that `take` has read. Its wait began then.

A job that has not run yet was due when it was created, or when its delay was over. One that has run, or has failed
without a run, was due when its last delay was over, or when it was put back or restarted without a delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kue.options.values import parse_number
from kue.store.job_hash import FIELDS

_PROMOTE, _STARTED, _FAILED, _UPDATED = map(FIELDS.index, ("promote_at", "started_at", "failed_at", "updated_at"))

_Fields = Sequence[bytes | None]


def dues_of(jobs: Sequence[tuple[Any, _Fields]]) -> list[bytes | None]:
    """The moment of each job, given as id and fields. It is as the hash has it, and need not be a number."""
    return [
        fields[_PROMOTE] if fields[_STARTED] is None and fields[_FAILED] is None else _due_again(fields)
        for _, fields in jobs
    ]


def _due_again(fields: _Fields) -> bytes | None:
    promoted, started, failed = (parse_number(fields[field]) or 0 for field in (_PROMOTE, _STARTED, _FAILED))
    return fields[_PROMOTE] if promoted > max(started, failed) else fields[_UPDATED]
