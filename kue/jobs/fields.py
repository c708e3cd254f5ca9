"""The fields of a job that its hash holds, apart from its data: each is read from the hash when it is first used."""

from __future__ import annotations

from typing import Any

from kue.jobs.hash_field import HashField
from kue.options.values import parse_number
from kue.store import job_hash
from kue.store.job_hash import JobHash

_Number = int | float | None


class Fields:
    """A part of `Job`. `stored_hash` is the hash that a fetched job was read from.

    The annotations keep type checkers from inferring a field's type from what `Job` assigns to it.
    """

    stored_hash: JobHash | None = None
    _read_again: JobHash | None = None  # in a handler, with the fields that `take` does not read

    created_at: HashField[_Number] = HashField(lambda hash: parse_number(hash.created_at), None)
    promote_at: HashField[_Number] = HashField(lambda hash: parse_number(hash.promote_at), None)
    updated_at: HashField[_Number] = HashField(lambda hash: parse_number(hash.updated_at), None)
    failed_at: HashField[_Number] = HashField(lambda hash: parse_number(hash.failed_at), None)
    started_at: HashField[_Number] = HashField(lambda hash: parse_number(hash.started_at), None)
    duration: HashField[_Number] = HashField(lambda hash: parse_number(hash.duration), None)
    worker_id: HashField[str | None] = HashField(lambda hash: job_hash.read_text(hash.workerId), None)
    attempts_made: HashField[int] = HashField(lambda hash: int(parse_number(hash.attempts) or 0), 0)
    requeues: HashField[int] = HashField(lambda hash: int(parse_number(hash.py_requeues) or 0), 0)
    _state: HashField[str | None] = HashField(lambda hash: job_hash.read_text(hash.state), None)
    _error: HashField[str | None] = HashField(lambda hash: job_hash.read_text(hash.error), None)
    _progress: HashField[str | None] = HashField(lambda hash: job_hash.read_text(hash.progress), None)
    options: HashField[dict[str, Any]] = HashField(job_hash.read_options, {})
