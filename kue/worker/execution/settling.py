"""Settles a run: makes its outcome of a result or an error, with the retry that the backoff asks for."""

from __future__ import annotations

from typing import Any

from kue.common.describe import MAX_MESSAGE_BYTES, cut, error_text
from kue.common.error_reporter import ErrorReporter
from kue.errors import InvalidJobData, JobInvalid
from kue.jobs.control_flow import NoRetry, Snooze
from kue.jobs.failure import failure_of, with_note
from kue.jobs.retry import UnknownBackoff, has_source, retry_of
from kue.store.codec import encode
from kue.store.transitions import Failure, Retry
from kue.worker.outcomes import Completed, Failed, Snoozed
from kue.worker.run import Run


class Settling:
    """A part of `Executor`. Of several calls for a run the first counts."""

    def __init__(self, error_reporter: ErrorReporter) -> None:
        self._error_reporter = error_reporter

    def complete(self, run: Run, result: Any) -> None:
        """Settle a run with a result. If JSON cannot hold it, Kue's note about that is the result: the work is done."""
        if run.settled:
            return
        written: bytes | None = None
        invalid: tuple[str, str] | None = None
        if result is not None and result is not run.job:
            try:
                written = encode(result, "result", run.job.runtime.options.json_default)
            except InvalidJobData as problem:
                self._error_reporter.warn(
                    JobInvalid(run.id, f"has completed with a result JSON cannot hold: {problem}")
                )
                shown = cut(error_text(result), MAX_MESSAGE_BYTES)
                written = encode({"error": True, "message": f'Invalid JSON Result: "{shown}"'}, "result")
                invalid = _place_and_reason(problem)
        run.settle(Completed(written, invalid))

    def fail(self, run: Run, problem: Any) -> None:
        """Settle a run with what its handler raised or passed to `done`."""
        if run.settled:
            return
        if isinstance(problem, Snooze):
            run.settle(Snoozed(problem.wait))
        elif isinstance(problem, NoRetry):
            run.settle(Failed(failure_of(problem), Retry("failed"), cause=problem))
        else:
            cause = problem if isinstance(problem, BaseException) else None
            self.settle_failed(run, failure_of(problem), cause=cause)

    def settle_failed(
        self, run: Run, failure: Failure, ttl_mode: str = "", *, cause: BaseException | None = None
    ) -> bool:
        """Settle a run as failed, with the retry that its backoff asks for. False if it was settled before."""
        job = run.held_job
        if job is None or run.settled:
            return False
        has_next = job.attempts_made + 1 < job.attempts()
        backoff = run.handler.backoff if has_next and run.handler is not None else None
        if has_next and backoff is None and has_source(job):
            self._error_reporter.warn(
                JobInvalid(job.id, "has a JavaScript backoff, which is not run: its own delay is used")
            )
        try:
            retry = retry_of(job) if backoff is None else backoff.retry_of(job, self._error_reporter)
        except UnknownBackoff as problem:
            retry = Retry("failed")
            failure = with_note(failure, f" (not tried again: {problem})")
        return run.settle(Failed(failure, retry, ttl_mode, cause))


def _place_and_reason(problem: InvalidJobData) -> tuple[str, str]:
    return problem.path, error_text(problem).removeprefix(f"{problem.path}: ")
