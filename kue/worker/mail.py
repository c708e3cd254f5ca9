"""The mail of a process that works: what other processes have it do. For now, that is to cancel runs.

A mail may be lost, with a reply or since it was not read in time. So after a look that got no reply, and after a long
wait, the process also asks of each job that it runs whether its run was cancelled. A mail may also overtake the reply
to the take that began its run. So if it names no run that is known, that is decided once nothing is on its way to Redis
or back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from redis.exceptions import ResponseError

from kue.common.clock import steady
from kue.connection.connection import Command
from kue.connection.pool import refusal
from kue.connection.reply_text import is_wrong_kind
from kue.store.mail import KEPT_MS, cancelled_by_mail, cancelled_run
from kue.store.store import Store
from kue.worker.io.loop import IOLoop
from kue.worker.run import Run

_EVERY_SECONDS = 1.0
_EVERY_SECONDS_WITHOUT_RUNS = 10.0  # a job may name a run that the process does not have
_MAX_MAILS = 100  # of one look
_MAX_GAP_SECONDS = KEPT_MS / 2000


class Mail:
    """A part of the pulse.

    `runs` gives the runs that have not ended. `unknown` is called with the worker id of a run that is none of these: on
    the I/O thread, while nothing is on its way to Redis or back.
    """

    name = "mail"

    def __init__(
        self,
        store: Store,
        process: str,
        runs: Callable[[], Iterable[Run]],
        loop: IOLoop,
        unknown: Callable[[str], None],
    ) -> None:
        self._commands = store.commands
        self._process = process
        self._runs = runs
        self._loop = loop
        self._unknown = unknown
        self._due_at = 0.0
        self._looked_at = 0.0  # while it ran jobs
        self._idle_until = 0.0
        self._must_check = False
        self._checked: list[Run] = []

    @property
    def due_in(self) -> float:
        return self._due_at - steady()

    def commands(self) -> Sequence[Command]:
        now = steady()
        self._due_at = now + _EVERY_SECONDS
        runs = list(self._runs())
        if not runs and now < self._idle_until:
            return ()
        self._idle_until = now + _EVERY_SECONDS_WITHOUT_RUNS
        must_check = self._must_check or now - self._looked_at > _MAX_GAP_SECONDS
        if runs:
            self._looked_at = now
        self._checked = runs if must_check else []
        checks = [self._commands.cancellation(run.id) for run in self._checked]
        return [self._commands.mail(self._process, _MAX_MAILS), *checks]

    def answered(self, replies: Sequence[Any]) -> None:
        mails, *fields = replies
        for run, field in zip(self._checked, fields, strict=True):
            self._note(cancelled_run(field), {run.worker_id: run})
        if isinstance(mails, ResponseError):
            raise refusal(mails)
        if mails:
            runs = {run.worker_id: run for run in self._runs()}
            others: dict[str, str] = {}
            for mail in mails:
                worker, error = cancelled_by_mail(mail)
                if worker and worker not in runs:
                    others.setdefault(worker, error)
                self._note((worker, error), runs)
            if others:
                self._loop.settled_timers.add(0, partial(self._note_others, others))
                self._loop.wake()
            if len(mails) == _MAX_MAILS:
                self._due_at = 0.0
        for field in fields:
            if isinstance(field, ResponseError) and not is_wrong_kind(field):
                raise refusal(field) from field
        if self._checked:
            self._must_check = False

    def missed(self, *, sent: bool) -> None:
        self._must_check = True

    def stopped(self) -> None:
        pass

    def _note_others(self, cancelled: Mapping[str, str]) -> None:
        """Cancel the runs whose mail came before they were known. `cancelled` has the errors by the worker ids."""
        runs = {run.worker_id: run for run in self._runs()}
        for worker, error in cancelled.items():
            if worker in runs:
                self._note((worker, error), runs)
            else:
                self._unknown(worker)

    def _note(self, cancelled: tuple[str, str], runs: Mapping[str, Run]) -> None:
        """`runs` has the runs by their worker ids."""
        worker, error = cancelled
        run = runs.get(worker)
        if run is not None and not run.settled and not run.cancellation:
            self._cancel(run, error)

    def _cancel(self, run: Run, error: str) -> None:
        """Have a run end early. Its slot stays taken until its handler ends, and what that has done counts."""
        run.cancellation = error
        if run.cancel is not None:  # on the thread where a ttl does it, too
            self._loop.timers.add(0, run.cancel)
            self._loop.wake()
