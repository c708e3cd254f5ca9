"""A job as it is shown: every field that it has, and what of it cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kue.common import strict_json
from kue.connection.reply_text import is_wrong_kind
from kue.jobs.job import Job
from kue.store import codec
from kue.store.job_hash import JobHash
from kue.web.site import Site

_JSON_FIELDS = ("data", "result", "progress_data")
# What is shown under a name of its own, and how it is read from a job.
_FIELDS: Mapping[str, Callable[[Job], Any]] = {
    "type": lambda job: job.type or None,
    "state": lambda job: job.state(),
    "priority": lambda job: job.priority(),
    "attempts": lambda job: {"made": job.attempts_made, "max": job.attempts()},
    "created_at": lambda job: job.created_at,
    "updated_at": lambda job: job.updated_at,
    "promote_at": lambda job: job.promote_at,
    "started_at": lambda job: job.started_at,
    "failed_at": lambda job: job.failed_at,
    "finished_at": lambda job: job.finished_at,
    "duration": lambda job: job.duration,
    "delay": lambda job: job.delay(),
    "ttl": lambda job: job.ttl(),
    "backoff": lambda job: job.backoff(),
    "remove_on_complete": lambda job: job.remove_on_complete(),
    "remove_on_fail": lambda job: job.remove_on_fail(),
    "worker": lambda job: job.worker_id,
    "requeues": lambda job: job.requeues,
    "unique": lambda job: getattr(job.options.get("unique"), "key", None),
    "schedule": lambda job: job.schedule_name,
    "planned_at": lambda job: job.planned_at,
    "progress": lambda job: job.progress(),
}
_WITH_DATA: Mapping[str, Callable[[Job], Any]] = {
    "data": lambda job: job.data,
    "result": lambda job: job.result,
    "progress_data": lambda job: job.progress_data,
    "error": lambda job: job.error(),
}


class JobViews:
    """Makes views of jobs for one app. Nothing that a hash holds makes it fail.

    Without `with_data`, data, result, progress data and error are None. `unreadable` says what cannot be read.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._redaction = site.settings.redaction
        self._unreadable = site.unreadable

    def view(
        self, id: int, found: JobHash | Exception | None, *, with_data: bool, runs: bool = False
    ) -> dict[str, Any]:
        """One job. None is one that is gone by now, and an exception is why it could not be read."""
        if found is None or isinstance(found, Exception):
            if found is not None:
                self._unreadable.note(id, readable=False)
            problem = "it is gone already" if found is None else _why_unread(found)
            shown = dict.fromkeys([*_FIELDS, *_WITH_DATA]) | ({"runs": []} if runs else {})
            return {"id": id, **shown, "unreadable": [problem]}
        hash, problems = _readable(found)
        job = self._site.queue.job_class.from_hash(self._site.queue.runtime, id, hash)
        shown = {name: _attempt(name, read, job, problems) for name, read in _FIELDS.items()}
        shown["type"] = codec.text(found.type) if found.type else None
        for name, read in _WITH_DATA.items():
            is_shown = with_data and name not in problems
            value = _attempt(name, read, job, problems) if is_shown else None
            shown[name] = self._redaction.apply(value) if name in _JSON_FIELDS else value
        if runs:
            records = _attempt("runs", lambda job: job.runs, job, problems) or ()
            shown["runs"] = [self._run(run, with_data) for run in records]
        if problems or found.data is not None:  # a look at a part of a job shows no fault in the rest
            self._unreadable.note(id, readable=not problems)
        told = [_told(name, problem, with_data) for name, problem in problems.items()]
        return {"id": id, **shown, "unreadable": told}

    @staticmethod
    def _run(run: Mapping[str, Any], with_data: bool) -> dict[str, Any]:
        return {**run, "error": run.get("error") if with_data else None}


def _told(name: str, problem: str, with_data: bool) -> str:
    """What cannot be read. The reason behind it, in brackets, may quote what is not to be seen."""
    return problem if with_data or name not in _WITH_DATA else problem.partition(" (")[0]


def _why_unread(problem: Exception) -> str:
    what = "its key is no hash" if is_wrong_kind(problem) else "it cannot be read now"
    return f"{what}: {problem}"


def _readable(found: JobHash) -> tuple[JobHash, dict[str, str]]:
    """The hash without what would make it unreadable, and by field, what that was."""
    problems: dict[str, str] = {}
    without: dict[str, bytes | None] = {}
    if not found.type:
        problems["type"] = "it has no type"
        without["type"] = b"-"
    for name in _JSON_FIELDS:
        raw = getattr(found, name)
        try:
            if raw:
                strict_json.loads(codec.text(raw))
        except (ValueError, RecursionError) as problem:
            problems[name] = f"its {name.replace('_', ' ')} is not JSON ({problem})"
            without[name] = None
    return found._replace(**without), problems


def _attempt(name: str, read: Callable[[Job], Any], job: Job, problems: dict[str, str]) -> Any:
    try:
        return read(job)
    except (ValueError, TypeError, LookupError, RecursionError) as problem:
        problems[name] = f"its {name.replace('_', ' ')} cannot be read ({problem})"
        return None
