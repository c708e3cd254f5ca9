"""Between Redis and the handlers, on the I/O thread: takes jobs into free slots, starts them, judges the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Command, Connection
from kue.connection.pool import refusal
from kue.errors import JobInvalid, JobLost, KueError
from kue.jobs.failure import failure_of
from kue.jobs.job import Job
from kue.runtime import Runtime
from kue.store import codec
from kue.store.job_hash import JobHash
from kue.store.transitions import Retry
from kue.worker.deadlines import Deadlines
from kue.worker.execution.executor import Executor
from kue.worker.io.calls import Call, Report, RunCheck, Take
from kue.worker.io.loop import IOLoop
from kue.worker.io.orphans import put_back_orphans
from kue.worker.io.outbox import Outbox
from kue.worker.io.reply_status import ReplyStatus, classify_reply
from kue.worker.lease import Lease
from kue.worker.run import Failed, PutBack, Run
from kue.worker.slots import TypeSlots

_MOST = 100
_FLUSH = 10.0


class Fetcher:
    """The `Work` of the I/O loop."""

    def __init__(
        self,
        runtime: Runtime,
        job_class: type[Job],
        name: str,
        groups: dict[str, TypeSlots],
        executor: Executor,
        run_ended: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._job_class = job_class
        self._name = name
        self._groups = groups
        self._executor = executor
        self._run_ended = run_ended
        self._next_number = 1
        self.in_doubt = False
        self._chores: list[Command] = []  # to be sent with the next calls: tokens given back, broken jobs dropped
        self._unwritable: set[str] = set()  # runs that are over, their outcome refused for good
        self._abandoned: list[Run] = []
        self._held_back: list[tuple[TypeSlots, Run]] = []
        self._loop: IOLoop | None = None
        self._recheck = False
        self.lease = Lease(runtime.store, name, runtime.options.lease, runtime.error_reporter, self._lease_stands)
        self.outbox = Outbox(runtime.store.transitions, self._report_answered)
        self.deadlines = Deadlines(runtime, executor, self.abandon)

    def attach(self, loop: IOLoop) -> None:
        """Set once, before the loop starts: the loop serves this object, and this object wakes the loop."""
        self._loop = loop
        self.deadlines.timers = loop.timers
        self._doubt_later(loop)

    def _doubt_later(self, loop: IOLoop) -> None:
        """A take that was cut off may still be carried out when the network lets it through: look once a lease."""

        def doubt() -> None:
            self.in_doubt = True
            self._doubt_later(loop)

        loop.timers.add(self._runtime.options.lease / 1000, doubt)

    def notify(self, run: Run) -> None:
        """A run has something new. Any thread."""
        self.outbox.notify(run)
        if self._loop is not None:
            self._loop.wake()

    def flush(self) -> None:
        """Return when everything told before has been answered by Redis, or Redis is away. For handlers."""
        if self._loop is not None:
            self._loop.flush(_FLUSH)

    def _lease_stands(self, lapsed: bool) -> None:
        self._recheck = self._recheck or lapsed
        if self._loop is not None:
            self._loop.wake()

    # what the I/O loop asks

    def ended(self, report: Report) -> None:
        run = report.run
        self.deadlines.ended(run)
        group = self._groups[run.slot.type]
        if run.executing and run.abandoned and self.strays > self._most_strays():
            self._held_back.append((group, run))
            problem = (
                f"{self.strays} handlers run on past their end; a slot of {group.type!r} stays closed until one returns"
            )
            self._runtime.error_reporter.report(KueError(problem))
        else:
            group.release(run.slot)
        self._run_ended()

    def takes(self) -> list[Call]:
        calls = [Call(command) for command in self._chores]
        self._chores.clear()
        self._reopen_slots()
        calls += self.deadlines.checks()
        calls += self._rechecks()
        try:
            self._add_takes(calls)
        except BaseException:
            for call in calls:
                call.dropped()
            raise
        return calls

    def _add_takes(self, calls: list[Call]) -> None:
        store, may_take = self._runtime.store, self.lease.stands
        for group in self._all_groups():
            count = min(group.wants, group.share, _MOST)
            if group.tokens and not count:
                calls += [Call(store.commands.give_token(group.type))] * group.tokens
                group.tokens = 0
            elif group.hungry and count and may_take:
                stem = f"{self._name}:{group.type}:"
                first, self._next_number = self._next_number, self._next_number + count
                command = store.transitions.take(group.type, count, group.tokens, stem, first, store.clock())
                group.tokens = 0
                calls.append(Take(command, group, count, first, self._taken))

    @property
    def wants_more(self) -> bool:
        """Whether a type has slots left that may find a job."""
        return any(group.hungry and group.wants for group in self._all_groups())

    def _all_groups(self) -> list[TypeSlots]:
        """A copy, since any thread may add a type."""
        return list(self._groups.values())

    def idle_types(self) -> set[str]:
        return {group.type for group in self._all_groups() if group.wants and not group.hungry}

    def token(self, type: str) -> None:
        group = self._groups.get(type)
        if group is None or not group.wants:
            self._chores.append(self._runtime.store.commands.give_token(type))
        else:
            group.tokens += 1
            group.hungry = True

    def look(self, types: set[str]) -> None:
        for type in types:
            self._groups[type].hungry = True

    def find_orphans(self, connection: Connection) -> None:
        self.in_doubt = False
        held = {run.worker_id for group in self._all_groups() for run in group.runs} | self._unwritable
        put_back_orphans(connection, self._runtime.store, list(self._groups), f"{self._name}:", held)
        for group in self._all_groups():
            group.tokens = 0
            group.hungry = not group.refused

    def _rechecks(self) -> list[Call]:
        """After the lease had run out: which runs still hold their jobs."""
        if not self._recheck:
            return []
        self._recheck = False
        holder = self._runtime.store.commands.holder
        runs = [run for group in self._all_groups() for run in group.runs if not run.settled]
        return [RunCheck(holder(run.job.id or 0), run, self._rechecked, self._recheck_again) for run in runs]

    def _recheck_again(self, run: Run) -> None:
        self._recheck = True

    # what Redis answers

    def _taken(self, take: Take, reply: Any) -> None:
        group = take.group
        group.hungry = False
        if isinstance(reply, ResponseError):
            if not group.refused:
                self._runtime.error_reporter.report(refusal(reply))
            group.refused = True
            self.in_doubt = True
            return
        group.refused = False
        group.hungry = reply[0] >= take.count
        for id in reply[1]:
            self._runtime.error_reporter.warn(JobInvalid(codec.text(id), "has no type, and was dropped"))
        stem, now = f"{self._name}:{group.type}:", self._runtime.store.clock()
        for number, (id, values) in enumerate(reply[2:], take.first_run):
            self._start(group, int(id), JobHash._make(values), f"{stem}{number}", number, now)

    def _start(self, group: TypeSlots, id: int, hash: JobHash, worker_id: str, number: int, now: int) -> None:
        job, broken = self._read(id, hash)
        job.worker_id, job._state, job.started_at, job.updated_at = worker_id, "active", now, now
        slot = group.free.pop()
        run = Run(job, slot, worker_id, number, now, self)
        slot.run = run
        job.active_run = run
        if group.closed:  # looked at only now that a shutdown can see the run: one of the two settles it
            run.settle(PutBack())
            return
        if broken is not None:
            self._runtime.error_reporter.warn(broken)
            run.settle(Failed(failure_of(broken), Retry("failed")))
            return
        if hash.ttl is not None:
            self.deadlines.started(run)
        try:
            self._executor.start(run, group.handlers[slot])
        except BaseException:  # there is no thread to be had: the job goes back, and the loop waits a little
            run.settle(PutBack())
            raise

    def _read(self, id: int, hash: JobHash) -> tuple[Job, JobInvalid | None]:
        """The job; where it cannot be read, as much of it as failing it takes, and why."""
        try:
            return self._job_class.from_hash(self._runtime, id, hash), None
        except JobInvalid as problem:
            broken = problem
        except Exception as problem:
            broken = JobInvalid(id, f"cannot be read ({type(problem).__name__}: {problem})")
        return self._job_class.from_hash(self._runtime, id, JobHash(type=hash.type)), broken

    def _report_answered(self, report: Report, reply: Any) -> None:
        run = report.run
        if isinstance(reply, ResponseError):
            self._runtime.error_reporter.report(refusal(reply))
            if report.ends:
                self._unwritable.add(run.worker_id)
            return
        verdict = classify_reply(report, reply)
        if verdict is ReplyStatus.WRITTEN:
            run.written = run.written or report.ends
            return
        if verdict is ReplyStatus.BROKEN:
            self._drop_broken(run)
        self._lost(run, "outcome" if report.ends else "message")

    def _drop_broken(self, run: Run) -> None:
        self._chores.append(self._runtime.store.transitions.drop_broken(run.job.id or 0, run.job.type))
        if not run.told_lost:
            run.told_lost = True
            self._runtime.error_reporter.warn(JobInvalid(run.job.id, "has lost its type while it ran, and was dropped"))

    def _rechecked(self, run: Run, reply: Any) -> None:
        held = [b"active", run.worker_id.encode()]
        if not run.settled and isinstance(reply, list) and reply != held:
            self._lost(run, "further messages and outcome")

    def _lost(self, run: Run, what: str) -> None:
        if run.handed_over:
            return
        if not run.told_lost:
            run.told_lost = True
            self._runtime.error_reporter.warn(JobLost(run.job.id, what))
        self.abandon(run)

    # handlers that run on

    def abandon(self, run: Run) -> None:
        """Nobody waits for this handler any more: a coroutine is cancelled, a thread is a stray until it returns."""
        run.abandoned = True
        if run.executing:
            self._abandoned.append(run)
        if run.cancel is not None:
            run.cancel()

    @property
    def strays(self) -> int:
        """How many handlers run on past the end of their run."""
        self._abandoned = [run for run in self._abandoned if run.executing]
        return len(self._abandoned)

    def _most_strays(self) -> int:
        return max(16, 2 * sum(len(group.slots) for group in self._all_groups()))

    def _reopen_slots(self) -> None:
        if self._held_back and self.strays <= self._most_strays():
            group, run = self._held_back.pop(0)
            group.release(run.slot)
