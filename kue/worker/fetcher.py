"""Takes jobs into free slots and starts their handlers, on the I/O thread.

- asks Redis for as many jobs as there are free slots, only while the lease is valid
- makes a run of each job that comes, and hands it to the executor
- gives back tokens that no free slot can use, and takes none for a type while a pause or a limit holds its jobs back
- has jobs looked for that were taken without this process learning of it

What becomes of a run after it was started is the run tracker's duty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Command, Connection
from kue.connection.pool import refusal
from kue.errors import JobInvalid
from kue.jobs.failure import failure_of
from kue.jobs.job import Job
from kue.runtime import Runtime
from kue.store import codec
from kue.store.job_hash import JobHash, from_take
from kue.store.transitions import Retry
from kue.store.worker_id import stem_of
from kue.worker.deadlines import Deadlines
from kue.worker.dues import dues_of
from kue.worker.execution.executor import Executor
from kue.worker.io.calls import Call, Report, Take, WaitingCheck
from kue.worker.io.loop import IOLoop
from kue.worker.io.orphans import OrphanSearch
from kue.worker.lease import Lease
from kue.worker.outcomes import Failed, PutBack
from kue.worker.rests import Rests
from kue.worker.run import Run
from kue.worker.run_tracker import RunTracker
from kue.worker.shared_slots import SharedSlots
from kue.worker.shared_turns import SharedTurns
from kue.worker.slots import AllSlots, TypeSlots

_FIRST_JOB = 2  # in the reply to a take


class Fetcher:
    """The `Work` of the I/O loop."""

    def __init__(
        self,
        runtime: Runtime,
        job_class: type[Job],
        process: str,
        *,
        slots: AllSlots,
        executor: Executor,
        tracker: RunTracker,
        deadlines: Deadlines,
        lease: Lease,
        loop: IOLoop,
    ) -> None:
        self._runtime = runtime
        self._job_class = job_class
        self._process = process
        self._slots = slots
        self._executor = executor
        self._tracker = tracker
        self._deadlines = deadlines
        self._lease = lease
        self._loop = loop
        self._next_number = 1
        self._unused_tokens: list[Command] = []
        self._shared_turns = SharedTurns(slots, runtime.store.commands, loop.timers)
        self._rests = Rests(loop.timers)
        self._unseen: set[str] = set()  # types that no token came for, and whose queue is to be looked at
        self.orphans = OrphanSearch(runtime, process, loop.timers)

    # what the I/O loop asks

    def ended(self, report: Report) -> None:
        run = report.run
        slots = self._slots[run.type]
        if run.has_deadline:
            self._deadlines.ended(run)
        self._tracker.release(run, slots)
        slots.ended += 1
        if slots.rest is not None:
            self._rests.run_ended(slots)

    def ttl_changed(self, run: Run) -> None:
        self._deadlines.ttl_changed(run)

    def takes(self, now: int) -> list[Call]:
        calls = [*map(Call, self._unused_tokens)]
        self._unused_tokens.clear()
        self._tracker.reopen_slots()
        calls += self._deadlines.checks()
        calls += self._tracker.calls()
        calls += self.orphans.calls()
        if self._unseen:
            self._add_check(calls)
        try:
            self._add_takes(calls, now)
        except BaseException:
            for call in calls:
                call.dropped(sent=False)
            raise
        return calls

    def _add_takes(self, calls: list[Call], now: int) -> None:
        store, may_take, took_shared = self._runtime.store, self._lease.is_valid, False
        shares = bool(self._slots.shared)
        if shares:
            self._shared_turns.before_takes()
        for slots in self._slots.in_turn() if shares else self._slots.all():
            if not (slots.should_look or slots.tokens):
                continue
            capacity = slots.capacity if slots.shared else len(slots.slots)
            count = min(slots.wanted, self._loop.pacing.jobs_per_take(capacity))
            if slots.tokens and not count:
                calls += [Call(store.commands.give_token(slots.type))] * slots.tokens
                slots.tokens = 0
            elif slots.should_look and count and may_take:
                first, self._next_number = self._next_number, self._next_number + count
                stem = stem_of(self._process, slots.type)
                command = store.transitions.take(slots.type, count, slots.tokens, stem, first, now)
                slots.tokens = 0
                calls.append(Take(command, slots, count, first, self._taken, self._take_lost))
                took_shared = took_shared or bool(slots.shared)
        if shares:
            calls += self._shared_turns.after_takes(took=took_shared)

    @property
    def wants_more(self) -> bool:
        """Whether a type has slots left that may find a job."""
        return any(slots.should_look and slots.wanted for slots in self._slots.all())

    def idle_types(self) -> set[str]:
        return {slots.type for slots in self._slots.all() if not slots.should_look and slots.wanted}

    def token(self, type: str) -> None:
        slots = self._slots.get(type)
        if slots is None or not slots.wanted:
            self._unused_tokens.append(self._runtime.store.commands.give_token(type))
            if slots is not None and slots.shared:
                slots.should_look = True  # another type was faster, and this one is next
        else:
            slots.tokens += 1
            slots.should_look = True

    def look(self, types: set[str]) -> None:
        self._unseen |= types

    def _add_check(self, calls: list[Call]) -> None:
        """Without a token, ask first whether any job waits: that is one command, however many types there are."""
        types, self._unseen = self._unseen, set()

        def found(reply: Any) -> None:
            if reply:  # an error, too: the take then shows what is wrong
                for type in types:
                    self._slots[type].should_look = True

        calls.append(WaitingCheck(self._runtime.store.commands.count("inactive"), found))

    def reconnected(self) -> None:
        self.orphans.connected()
        for slots in self._slots.all():
            slots.tokens = 0
            slots.should_look = not slots.refused

    def finish(self, connection: Connection, is_given_up: Callable[[], bool]) -> None:
        give_token = self._runtime.store.commands.give_token
        tokens = [give_token(slots.type) for slots in self._slots.all() for _ in range(slots.tokens)]
        if tokens or self._unused_tokens:  # received by the last round, which takes nothing any more
            connection.exchange([*self._unused_tokens, *tokens])
        self.orphans.finish(connection, is_given_up)

    # what Redis answers

    def _taken(self, take: Take, reply: Any) -> None:
        slots = take.slots
        slots.should_look = False
        if isinstance(reply, ResponseError):
            if not slots.refused:
                self._runtime.error_reporter.report(refusal(reply))
            self.orphans.refused(slots.type, take.first_run, take.last_run, again=slots.refused)
            slots.refused = True
            return
        slots.refused = False
        found = reply[0]
        if found.__class__ is bytes or found < 0:
            self._rests.begin(take, found)
        else:
            slots.should_look = found >= take.count or slots.tokens > 0  # a token may have come since it was sent
        for id in reply[1]:
            self._runtime.error_reporter.warn(JobInvalid(codec.text(id), "has no type, and was dropped"))
        stem, now = stem_of(self._process, slots.type), self._runtime.store.clock()
        jobs = reply[_FIRST_JOB:]
        if jobs:
            slots.counts.takes.append((now, dues_of(jobs)))
        for number, ((id, values), shared) in enumerate(zip(jobs, take.places, strict=False), take.first_run):
            try:
                self._start(slots, int(id), from_take(values), f"{stem}{number}", number, now, shared)
            except BaseException:
                began = any(run.number == number for run in slots.runs)
                self.orphans.cut_off(slots.type, number + began, take.last_run)
                raise

    def _take_lost(self, take: Take) -> None:
        self.orphans.cut_off(take.slots.type, take.first_run, take.last_run)

    def _start(
        self,
        slots: TypeSlots,
        id: int,
        hash: JobHash,
        worker_id: str,
        number: int,
        now: int,
        shared: SharedSlots | None,
    ) -> None:
        broken: JobInvalid | None = None
        try:
            job = self._job_class.from_hash(self._runtime, id, hash)
        except Exception as problem:
            job, broken = self._unreadable(id, hash, problem)
        run = Run(job, worker_id, number, now, self._loop)
        job.taken(worker_id, now, run)
        handler = slots.occupy(run, shared)
        try:
            if slots.closed:  # checked only now that a shutdown can see the run, so that one of the two settles it
                slots.returned.append(run)
                run.settle(PutBack("its worker was shut down before the handler was called"))
            elif broken is not None:
                self._runtime.error_reporter.warn(broken)
                run.settle(Failed(failure_of(broken), Retry("failed")))
            else:
                if hash.ttl is not None:
                    self._deadlines.started(run)
                self._executor.start(run, handler)
        except BaseException as problem:  # the job goes back, and the loop waits a little
            run.settle(PutBack(f"its handler could not be started: {failure_of(problem).line}"))
            raise

    def _unreadable(self, id: int, hash: JobHash, problem: Exception) -> tuple[Job, JobInvalid]:
        """For a job that cannot be read: one with its type only, which can be failed, and the reason."""
        broken = problem
        if not isinstance(broken, JobInvalid):
            broken = JobInvalid(id, f"cannot be read ({type(problem).__name__}: {problem})")
        return self._job_class.from_hash(self._runtime, id, JobHash(type=hash.type)), broken
