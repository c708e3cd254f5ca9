"""Calls a handler with the arguments it takes, and settles its run once: by its result, exception, `done` or Future."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import time
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from kue.common.describe import MAX_MESSAGE_BYTES, cut, error_text
from kue.common.error_reporter import ErrorReporter
from kue.errors import ForkedChild, InvalidJobData, JobInvalid, KueError
from kue.jobs.active_run import current
from kue.jobs.control_flow import NoRetry, Snooze
from kue.jobs.failure import failure_of, with_note
from kue.jobs.retry import UnknownBackoff, has_source, retry_of
from kue.store.codec import encode
from kue.store.transitions import Failure, Retry
from kue.worker.execution.event_loop import EventLoopThread
from kue.worker.execution.handler_threads import HandlerThreads
from kue.worker.execution.inline import InlineRunner
from kue.worker.handler import Handler
from kue.worker.outcomes import Completed, Failed, PutBack, Snoozed
from kue.worker.run import Run

_NOT_STARTED = "its worker was paused before the handler was called"
_PLAIN_TYPES = frozenset({type(None), bool, int, float, str, list, tuple, dict})  # a result of these is no awaitable


class Executor:
    """Runs coroutine handlers on the event loop, short handlers on the I/O thread, and the others on threads."""

    def __init__(self, error_reporter: ErrorReporter, context: Callable[[Run], Any]) -> None:
        self._error_reporter = error_reporter
        self._context = context
        self._threads = HandlerThreads(self._call, self._thrown)
        self._loop = EventLoopThread()
        self.inline = InlineRunner(self._call, self._thrown, self._threads.submit)

    def start(self, run: Run, handler: Handler) -> None:
        """Have a run executed. Only the I/O thread calls this."""
        run.handler = handler
        if handler.takes_context:  # made here, since the run may end, and lose its slot, before the handler is called
            run.context = self._context(run)
        if handler.is_async:
            self._loop.call(partial(self._call, run), partial(self._thrown, run))
        elif handler.duration.is_short:
            self.inline.submit(run)
        else:
            self._threads.submit(run)

    def stop(self, timeout: float = 5.0) -> None:
        """End the threads, and wait at most `timeout` seconds for coroutines to clean up, and for their event loop.

        The thread of a stray ends when its handler returns.
        """
        self.inline.stop()
        self._threads.stop()
        self._loop.stop(timeout)

    @property
    def is_held_up(self) -> bool:
        """After `stop`: whether a coroutine does not let the event loop end."""
        return self._loop.is_alive

    def _call(self, run: Run) -> None:
        """Call the handler of a run, with context variables that no other run sees."""
        Context().run(self._call_handler, run)

    def _call_handler(self, run: Run) -> None:
        handler = run.handler
        assert handler is not None
        if run.settled:  # it was given up, or its type was shut down, before its turn came
            return
        if not run.may_start:
            run.settle(PutBack(_NOT_STARTED))
            return
        current.set(run.job)
        args: tuple[Any, ...] = (run.job,)
        if handler.takes_context:
            args += (run.context,)
        if handler.takes_done:
            args += (lambda err=None, result=None: self._done(run, err, result),)
        began = time.monotonic()
        try:
            run.called = True
            result = handler.function(*args)
            self._returned(run, result, waits_for_done=handler.takes_done)
        except BaseException as problem:
            self._raised_safely(run, problem)
        finally:
            handler.duration.record(time.monotonic() - began)

    def _thrown(self, run: Run, problem: BaseException) -> None:
        """An exception was thrown into the thread of a run, and hit no handler: it may have been meant for another."""
        if run.called:
            self._raised_safely(run, problem)
        elif run.settle(
            PutBack(f"{failure_of(problem).line} was thrown into its thread before the handler was called")
        ):
            thrown = KueError(f"an exception was thrown into a thread while no handler ran; job {run.job.id} goes back")
            thrown.__cause__ = problem
            self._error_reporter.report(thrown)

    def _raised_safely(self, run: Run, problem: BaseException) -> None:
        """As `_raised`. If that raises too, the run is failed with the new exception, and the thread goes on."""
        try:
            self._raised(run, problem)
        except ForkedChild:
            raise
        except BaseException as worse:
            run.settle(Failed(failure_of(worse), Retry("failed"), cause=worse))

    def _raised(self, run: Run, problem: BaseException) -> None:
        """Fail the run. If its outcome is decided already, report the exception; that of a stray is ignored."""
        if not run.abandoned and (run.settled or run.handed_over):
            line = failure_of(problem).line
            late = KueError(f"the handler of job {run.job.id} raised {line} after the job's outcome, which stands")
            late.__cause__ = problem
            self._error_reporter.report(late)
            run.report_end()  # from which the exception may have kept this thread
        self.fail(run, problem)

    def _returned(self, run: Run, result: Any, *, waits_for_done: bool) -> None:
        if type(result) in _PLAIN_TYPES:
            if not waits_for_done:
                self.complete(run, result)
        elif inspect.iscoroutine(result) or isinstance(result, asyncio.Future) or inspect.isawaitable(result):
            awaitable, variables = result, copy_context()
            try:
                self._loop.call(
                    lambda: variables.run(self._await, run, awaitable, waits_for_done),
                    partial(self._raised_safely, run),
                )
            except RuntimeError:  # a stray returned after the event loop had ended
                if inspect.iscoroutine(awaitable):
                    awaitable.close()
                raise
        elif isinstance(result, concurrent.futures.Future):
            run.cancel, variables = result.cancel, copy_context()
            result.add_done_callback(lambda future: variables.run(self._future_done, run, future, waits_for_done))
        elif not waits_for_done:
            self.complete(run, result)

    def _await(self, run: Run, awaitable: Any, waits_for_done: bool) -> None:
        """On the loop's thread: wait for an awaitable in a task, which settles the run."""

        async def wait_for_it() -> Any:
            return await awaitable

        coroutine = awaitable if inspect.iscoroutine(awaitable) else wait_for_it()
        task = asyncio.get_running_loop().create_task(coroutine)
        run.cancel = lambda: self._loop.call(task.cancel)
        if run.abandoned:
            task.cancel()
        self._loop.handlers.add(task)
        task.add_done_callback(lambda done: self._task_done(run, done, waits_for_done))

    def _task_done(self, run: Run, task: asyncio.Task[Any], waits_for_done: bool) -> None:
        self._loop.handlers.discard(task)
        self._future_done(run, task, waits_for_done)

    def _future_done(self, run: Run, future: Any, waits_for_done: bool) -> None:
        if future.cancelled():
            self.fail(run, "the handler was cancelled")
        elif (problem := future.exception()) is not None:
            self._raised(run, problem)
        else:
            try:  # a coroutine may return another one, or a Future: that is waited for as well
                self._returned(run, future.result(), waits_for_done=waits_for_done)
            except BaseException as unexpected:
                self._raised(run, unexpected)

    def _done(self, run: Run, err: Any, result: Any) -> None:
        if err or isinstance(err, BaseException):  # an exception with a length of 0 is falsy
            self.fail(run, err)
        else:
            self.complete(run, result)

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
                    JobInvalid(run.job.id, f"has completed with a result JSON cannot hold: {problem}")
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
        if run.settled:
            return False
        job = run.job
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
