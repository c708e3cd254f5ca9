"""The generators around a handler: each is entered before it, and left with its result or its exception.

- enters the generators of a run, the first registered first, and leaves them in the opposite order
- has what leaves the outermost generator settle the run
- closes them instead if the run has ended meanwhile (at its ttl, or by a shutdown), or was cancelled and raised

They are left once the call of the handler is over, its coroutine or Future has ended, and `done` was called if it takes
that. Whatever comes last leaves them, in the context that they were entered in. So no generator cleans up under a
handler that still runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from kue.common.error_reporter import ErrorReporter
from kue.common.forks import forks
from kue.errors import ForkedChild, KueError
from kue.jobs.failure import failure_of
from kue.worker.execution.event_loop import EventLoopThread
from kue.worker.execution.generators import Around, Outcome, close, enter, failed, resume
from kue.worker.execution.own_thread import OwnThreads
from kue.worker.handler import Function, Handler

if TYPE_CHECKING:
    from kue.jobs.job import Job

_kept_in_child: list[object] = []  # generators of the parent, which would clean up here if they were collected


class SurroundedRun(Protocol):
    """What the generators need of their run."""

    id: int
    job: Job
    lingers: bool
    handler: Handler | None
    abandoned: bool
    cancellation: str
    cancel: Callable[[], Any] | None
    middleware: MiddlewareStack | None

    @property
    def settled(self) -> bool: ...


@dataclass(slots=True)
class Middleware:
    """The registered functions, and what the stacks of all runs need of the executor."""

    functions: Sequence[Function]
    loop: EventLoopThread
    own_threads: OwnThreads
    error_reporter: ErrorReporter
    complete: Callable[[Any, Any], None]
    fail: Callable[[Any, Any], None]
    raised: Callable[[Any, BaseException], None]

    def call(self, run: SurroundedRun, call_handler: Callable[[Any], None]) -> None:
        """Have the handler of a run called with generators around it."""
        run.lingers = True
        run.middleware = stack = MiddlewareStack(self, run)
        stack.context.run(call_handler, run)
        stack.call_ended()


class MiddlewareStack:
    """The generators around the handler of one run. Any thread may report its end."""

    def __init__(self, middleware: Middleware, run: SurroundedRun) -> None:
        self.context = Context()
        self._middleware = middleware
        self._run = run
        self._forks = forks.count
        self._functions = tuple(middleware.functions)
        self._generators: list[tuple[Function, Around]] = []
        self._call_ended = False
        self._awaiting = False  # the end of a coroutine or Future that the handler returned
        self._given_up = False
        # Each is set in one step, so that of two threads, or of a thread and its signal handler, one is first.
        self._outcomes: dict[str, Outcome] = {}
        self._leavers: dict[str, list[int]] = {}  # with the thread that leaves the generators
        self._outcome: Outcome | None = None  # for the next generator
        self._interrupt: BaseException | None = None

    def enter(self) -> None:
        """Run each generator to its `yield`. Raises what a generator raises, or `InvalidHandler` if it ends."""
        for function in self._functions:
            generator = function(self._run.job)
            self._generators.append((function, generator))
            enter(function, generator)

    # what becomes of the handler

    def call_ended(self) -> None:
        """The handler returned or raised, and its thread has left the context."""
        self._call_ended = True
        self._leave_once()

    def awaits(self) -> None:
        """The handler returned an awaitable or a Future."""
        self._awaiting = True

    def returned(self, result: Any, waits_for_done: bool) -> None:
        """The handler returned something else, or its awaitable did."""
        if not waits_for_done:
            self.ended(Outcome(result))
            return
        self._awaiting = False
        self._run.cancel = partial(self._elsewhere, self._give_up)  # `done` may never come
        if self._run.abandoned:
            self._run.cancel()
        self._leave_once()

    def done(self, error: Any, result: Any) -> None:
        """The handler, or something that it started, called `done`. `error` is None if there is none."""
        self._take(Outcome(result, by_done=True) if error is None else failed(error, by_done=True))

    def ended(self, outcome: Outcome) -> bool:
        """Nothing of the handler runs any more. Returns whether this is its first outcome, which counts."""
        self._awaiting = False
        return self._take(outcome)

    def _take(self, outcome: Outcome) -> bool:
        self._refuse_in_child(outcome)
        is_first = self._outcomes.setdefault("first", outcome) is outcome
        self._leave_once()
        if is_first and self._given_up and self._run.middleware is None:  # the generators may be closed already
            self._settle(outcome)
        return is_first

    def cut_short(self) -> None:
        """An exception was thrown into the thread of the call, perhaps between the steps here: take them up again."""
        leaver = self._leavers.get("first")
        if leaver == [threading.get_ident()] and self._run.middleware is self:
            self._leave()
        else:
            self.call_ended()

    # leaving the generators

    @property
    def context_of_coroutine(self) -> Context | None:
        """The context for the task of a coroutine handler: that of the generators. None: a copy of the present one."""
        return self.context if self._is_async else None

    @property
    def _is_async(self) -> bool:
        return self._run.handler is not None and self._run.handler.is_async

    def _elsewhere(self, call: Callable[[], Any]) -> None:
        """Call something that may run code of users: on the event loop, or on a thread that may wait for it."""
        if not self._is_async:
            self._middleware.own_threads.call(call)
            return
        try:
            self._middleware.loop.call(call)
        except RuntimeError:  # the loop has ended
            call()

    def _give_up(self) -> None:
        if self._run.abandoned:
            self._given_up = True
            self._leave_once()

    def _leave_once(self) -> None:
        if not self._call_ended or self._awaiting or not (self._outcomes or self._given_up):
            return
        leaver = [threading.get_ident()]
        if self._leavers.setdefault("first", leaver) is not leaver:
            return
        if self._is_async and not self._middleware.loop.is_current:
            self._elsewhere(self._leave)
        else:
            self._leave()

    def _leave(self) -> None:
        self._refuse_in_child(self._outcomes.get("first") or Outcome())
        try:
            self.context.run(self._pass_through)
        except ForkedChild:
            raise
        except BaseException as problem:  # thrown into this thread between two generators
            self._note(failed(problem))
            self._pass_through()
        if self._interrupt is not None and threading.current_thread() is threading.main_thread():
            raise self._interrupt

    def _refuse_in_child(self, outcome: Outcome) -> None:
        """In a forked child of the handler: leave the generators to the parent, and raise `ForkedChild`."""
        if forks.count != self._forks:
            _kept_in_child.append(self._generators)
            self._generators = []
            self._settle(outcome)

    def _pass_through(self) -> None:
        run = self._run
        self._outcome = self._outcome or self._outcomes.get("first")
        while self._generators:
            function, generator = self._generators[-1]
            outcome = self._outcome
            if outcome is None or run.settled or run.abandoned or (run.cancellation and outcome.exception is not None):
                close(generator, self._raised_when_closed)
            elif (left := resume(function, generator, outcome, self._raised_when_closed)) is not outcome:
                self._note(left)
            del self._generators[-1]  # only now: a generator that has ended passes on what it gets, if this is cut off
        run.middleware = None
        self._outcome = self._outcome or self._outcomes.get("first")  # `done` may have been called meanwhile
        if self._outcome is not None:
            self._settle(self._outcome)

    def _settle(self, outcome: Outcome) -> None:
        middleware, run = self._middleware, self._run
        try:
            if outcome.exception is None:
                middleware.complete(run, outcome.result)
            elif outcome.by_done or outcome.error is not outcome.exception:
                middleware.fail(run, outcome.error)
            else:
                middleware.raised(run, outcome.exception)
        except ForkedChild:
            raise
        except BaseException as problem:
            middleware.raised(run, problem)

    def _raised_when_closed(self, problem: BaseException) -> None:
        self._note_interrupt(problem)
        line = failure_of(problem).line
        error = KueError(f"a middleware raised {line} when it was closed; the outcome of job {self._run.id} stands")
        error.__cause__ = problem
        self._middleware.error_reporter.report(error)

    def _note(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._note_interrupt(outcome.exception)

    def _note_interrupt(self, problem: BaseException | None) -> None:
        """Keep Ctrl-C, and an exit by a signal handler: if the main thread called `done`, they are meant for it."""
        if isinstance(problem, KeyboardInterrupt | SystemExit):
            self._interrupt = problem
