"""Calls a handler with the arguments it takes, and waits for its outcome: its result, exception, `done` or Future."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import time
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from kue.common.clock import TimeBudget
from kue.common.error_reporter import ErrorReporter
from kue.errors import ForkedChild, KueError
from kue.jobs.active_run import current
from kue.jobs.failure import failure_of
from kue.store.transitions import Retry
from kue.worker.execution.event_loop import EventLoopThread
from kue.worker.execution.generators import CANCELLED, failed
from kue.worker.execution.handler_threads import HandlerThreads
from kue.worker.execution.inline import InlineRunner
from kue.worker.execution.middleware import Middleware
from kue.worker.execution.own_thread import OwnThreads, cancel_future
from kue.worker.execution.settling import Settling
from kue.worker.handler import Function, Handler
from kue.worker.outcomes import Failed, PutBack
from kue.worker.run import Run

_NOT_STARTED = "its worker was paused before the handler was called"
_PLAIN_TYPES = frozenset({type(None), bool, int, float, str, list, tuple, dict})  # a result of these is no awaitable


class Executor(Settling):
    """Runs coroutine handlers on the event loop, short handlers on the I/O thread, and the others on threads."""

    def __init__(
        self, error_reporter: ErrorReporter, context: Callable[[Run], Any], middleware: Sequence[Function] = ()
    ) -> None:
        super().__init__(error_reporter)
        self._context = context
        self._threads = HandlerThreads(self._call, self._thrown)
        self._loop = EventLoopThread()
        self._own_threads = OwnThreads()
        self._middleware = Middleware(
            middleware, self._loop, self._own_threads, error_reporter, self.complete, self.fail, self._raised_safely
        )
        self.inline = InlineRunner(self._call, self._thrown, self._threads.submit)

    def start(self, run: Run, handler: Handler) -> None:
        """Have a run executed. Only the I/O thread calls this."""
        run.handler = handler
        if handler.takes_context:  # made here, since the run may end, and lose its slot, before the handler is called
            run.context = self._context(run)
        run.lingers = handler.is_async or handler.takes_done
        if handler.is_async:
            self._loop.call(partial(self._call, run), partial(self._thrown, run))
        elif handler.duration.is_short:
            self.inline.submit(run)
        else:
            self._threads.submit(run)

    def stop(self, timeout: float = 5.0) -> None:
        """End the threads, and wait at most `timeout` seconds for what cleans up: coroutines, Futures and middleware.

        The thread of a stray ends when its handler returns.
        """
        self.inline.stop()
        self._threads.stop()
        budget = TimeBudget(timeout)
        budget.spend(self._loop.stop)
        budget.spend(self._own_threads.stop)

    @property
    def is_held_up(self) -> bool:
        """After `stop`: whether a coroutine does not let the event loop end."""
        return self._loop.is_alive

    def _call(self, run: Run) -> None:
        """Call the handler of a run, with context variables that no other run sees."""
        began = time.monotonic()
        try:
            if self._middleware.functions:
                self._middleware.call(run, self._call_handler)
            else:
                Context().run(self._call_handler, run)
        finally:
            if run.called and (handler := run.handler) is not None:
                # A thread that has settled a run waits for the I/O thread, which has the interpreter then.
                ended = run.settled_at if run.settled_at and not handler.takes_done else time.monotonic()
                handler.duration.record(ended - began)

    def _call_handler(self, run: Run) -> None:
        handler = run.handler
        assert handler is not None
        if not run.may_start:  # one that was settled stays as it is, and one that was cancelled fails with that
            run.settle(PutBack(_NOT_STARTED))
            return
        current.set(run.job)
        args: tuple[Any, ...] = (run.job,)
        if handler.takes_context:
            args += (run.context,)
        if handler.takes_done:
            args += (lambda err=None, result=None: self._done(run, err, result),)
        try:
            run.called = True
            if run.middleware is not None:
                run.middleware.enter()
                if not run.may_start:  # it ended meanwhile, or its worker was paused
                    run.called = False
                    run.settle(PutBack(_NOT_STARTED))
                    run.middleware.ended(failed(CANCELLED))
                    return
            result = handler.function(*args)
            self._returned(run, result, waits_for_done=handler.takes_done)
        except BaseException as problem:
            self._raised_safely(run, problem)

    def _thrown(self, run: Run, problem: BaseException) -> None:
        """An exception was thrown into the thread of a run, and hit no handler: it may have been meant for another."""
        if run.called:
            middleware = run.middleware
            self._raised_safely(run, problem)
            if middleware is not None:
                middleware.cut_short()
        elif run.settle(
            PutBack(f"{failure_of(problem).line} was thrown into its thread before the handler was called")
        ):
            thrown = KueError(f"an exception was thrown into a thread while no handler ran; job {run.id} goes back")
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
        middleware = run.middleware
        if middleware is not None and middleware.ended(failed(problem)):
            return
        if not run.abandoned and (run.settled or run.handed_over or middleware is not None):
            line = failure_of(problem).line
            late = KueError(f"the handler of job {run.id} raised {line} after the job's outcome, which stands")
            late.__cause__ = problem
            self._error_reporter.report(late)
            if middleware is None:
                run.report_end()  # from which the exception may have kept this thread
        if middleware is None:
            self.fail(run, problem)

    def _returned(self, run: Run, result: Any, *, waits_for_done: bool) -> None:
        if type(result) in _PLAIN_TYPES:
            pass
        elif inspect.iscoroutine(result) or isinstance(result, asyncio.Future) or inspect.isawaitable(result):
            awaitable, variables, run.lingers = result, copy_context(), True
            if run.middleware is not None:
                run.middleware.awaits()
            try:
                self._loop.call(
                    lambda: variables.run(self._await, run, awaitable, waits_for_done),
                    partial(self._raised_safely, run),
                )
            except RuntimeError:  # a stray returned after the event loop had ended
                if inspect.iscoroutine(awaitable):
                    awaitable.close()
                raise
            return
        elif isinstance(result, concurrent.futures.Future):
            future, variables, run.lingers = result, copy_context(), True
            if run.middleware is not None:
                run.middleware.awaits()
            cancel = partial(cancel_future, future, run.id, self._error_reporter)
            run.cancel = partial(self._own_threads.call, cancel)
            future.add_done_callback(lambda done: variables.run(self._future_done, run, done, waits_for_done))
            if run.abandoned or run.cancellation:
                run.cancel()
            return
        if run.middleware is not None:
            run.middleware.returned(result, waits_for_done)
        elif not waits_for_done:
            self.complete(run, result)

    def _await(self, run: Run, awaitable: Any, waits_for_done: bool) -> None:
        """On the loop's thread: wait for an awaitable in a task, which settles the run."""

        async def wait_for_it() -> Any:
            return await awaitable

        coroutine = awaitable if inspect.iscoroutine(awaitable) else wait_for_it()
        context = None if run.middleware is None else run.middleware.context_of_coroutine
        task = asyncio.get_running_loop().create_task(coroutine, context=context)
        run.cancel = lambda: self._loop.call(lambda: task.cancelling() or task.cancel())
        if run.abandoned or run.cancellation:
            task.cancel()
        self._loop.handlers.add(task)
        task.add_done_callback(lambda done: self._task_done(run, done, waits_for_done))

    def _task_done(self, run: Run, task: asyncio.Task[Any], waits_for_done: bool) -> None:
        self._loop.handlers.discard(task)
        self._future_done(run, task, waits_for_done)

    def _future_done(self, run: Run, future: Any, waits_for_done: bool) -> None:
        if future.cancelled():
            if run.middleware is not None:
                run.middleware.ended(failed(CANCELLED))
            else:
                self.fail(run, CANCELLED)
        elif (problem := future.exception()) is not None:
            self._raised(run, problem)
        else:
            try:  # a coroutine may return another one, or a Future: that is waited for as well
                self._returned(run, future.result(), waits_for_done=waits_for_done)
            except BaseException as unexpected:
                self._raised(run, unexpected)

    def _done(self, run: Run, err: Any, result: Any) -> None:
        has_failed = err or isinstance(err, BaseException)  # an exception with a length of 0 is falsy
        middleware = run.middleware  # another call of `done` may end it meanwhile
        if middleware is not None:
            middleware.done(err if has_failed else None, result)
        elif has_failed:
            self.fail(run, err)
        else:
            self.complete(run, result)
