"""Keeps a number of worker processes running: starts them, restarts one that dies, stops them all."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

from kue.cli.console import CommandError
from kue.cli.worker.process import WorkerProcess, ending
from kue.cli.worker.serving import Serving, Stopping
from kue.cli.worker.signals import Signals

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# A process that lived as long as this was well: the next death is not a sequel of the last.
WELL_AFTER = 30.0
# What a graceful stop takes after its deadline, to write the last outcomes.
LAST_WORDS = 15.0
_LOOK_SECONDS = 0.2


class Place:
    """One of the processes to keep, by its number, with the process that has the place now."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: WorkerProcess | None = None
        self.serving: Serving | None = None
        self.was_ready = False
        self.started_at = 0.0
        self.due: float | None = None
        self.deaths = 0
        self.trouble = ""

    def pause(self, now: float) -> float:
        """How long to wait before the next start, after a death at `now`."""
        if self.serving is not None and now - self.started_at >= WELL_AFTER:
            self.deaths = 0
        self.deaths += 1
        return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.deaths - 1, 10)))


class Supervisor:
    """`tend` it in a loop, then `stop` it. `say` is told what happens, a line at a time.

    With `one_first` the others wait until the first is ready.
    """

    def __init__(
        self,
        target: str,
        processes: int,
        stopping: Stopping,
        say: Callable[[str], object],
        *,
        environment: Mapping[str, str] | None = None,
        one_first: bool = True,
    ) -> None:
        self._target = target
        self._stopping = stopping
        self._print = say
        self._environment = environment or {}
        self._places = [Place(number) for number in range(1, processes + 1)]
        # One alone at first: what is wrong with the module is then found once.
        for place in self._places[:1] if one_first else self._places:
            place.due = 0.0

    @property
    def serving(self) -> list[Serving]:
        """What the processes that are ready serve."""
        return [place.serving for place in self._places if place.serving is not None]

    @property
    def is_ready(self) -> bool:
        """Whether every process serves."""
        return len(self.serving) == len(self._places)

    def tend(self, signals: Signals, timeout: float) -> None:
        """Wait for a signal or for news, at most `timeout` seconds, and see to every process.

        Raises `CommandError` where a process cannot start at all.
        """
        self._start_due()
        descriptors = [one for place in self._places if place.process for one in place.process.descriptors]
        signals.wait(min(timeout, _LOOK_SECONDS), *descriptors)
        for place in self._places:
            self._see_to(place)

    def _start_due(self) -> None:
        now = time.monotonic()
        for place in self._places:
            if place.due is not None and place.due <= now:
                place.due, place.started_at, place.trouble = None, now, ""
                place.process = WorkerProcess(self._target, self._stopping, self._environment)

    def _see_to(self, place: Place) -> None:
        if place.process is None:
            return
        exit_code = place.process.exit_code
        for message in place.process.news():
            self._heard(place, message)
        if exit_code is not None:
            self._ended(place, exit_code)

    def _heard(self, place: Place, message: dict[str, Any]) -> None:
        if "error" in message:
            place.trouble = message["error"]
            if not place.was_ready:
                raise CommandError(place.trouble, message["code"])
            return
        place.serving = serving = Serving(**message["ready"])
        if serving.embedded and len(self._places) > 1:
            raise CommandError(
                f"{self._target} asks for an embedded server, and each process would start one of its own: use "
                "--processes 1, or one server for all (`kue server`, and its URL as redis= or in KUE_REDIS_URL)"
            )
        if not place.was_ready and place is self._places[0]:
            self._print(f"serves {serving.slots} on {serving.place}, in {len(self._places)} processes")
            for other in self._places[1:]:
                if other.process is None:
                    other.due = 0.0
        place.was_ready = True
        self._print(f"worker {place.number} is ready, pid {serving.pid}")

    def _ended(self, place: Place, exit_code: int) -> None:
        assert place.process is not None
        what = f"worker {place.number}, pid {place.process.pid}, {ending(exit_code)}"
        if not place.was_ready:
            raise CommandError(f"{what} before it was ready", 1)
        if place.trouble:
            what += f" ({place.trouble})"
        place.process.close()
        now = time.monotonic()
        pause = place.pause(now)
        place.process = place.serving = None
        place.due = now + pause
        self._print(f"{what}; a new one starts in {pause:g} s")

    def stop(self) -> bool:
        """Stop every process, and wait for them. Whether all of them stopped gracefully."""
        running = [place for place in self._places if place.process is not None]
        for place in running:
            assert place.process is not None
            place.process.terminate()
        deadline = time.monotonic() + self._stopping.timeout + LAST_WORDS
        return all([self._see_off(place, deadline) for place in running])

    def _see_off(self, place: Place, deadline: float) -> bool:
        process = place.process
        assert process is not None
        exit_code = process.wait(max(0.0, deadline - time.monotonic()))
        if exit_code is None:
            process.kill()
            exit_code = process.wait(LAST_WORDS)
        process.close()
        place.process = place.serving = None
        if exit_code == -signal.SIGTERM:
            # The signal came before the process could catch it, which it does before it takes a job.
            return True
        if exit_code:
            self._print(f"worker {place.number}, pid {process.pid}, {ending(exit_code)}")
        return exit_code == 0

    def leave(self, number: int) -> None:
        """The second signal: kill every process, and end this one here and now."""
        for place in self._places:
            if place.process is not None:
                place.process.kill()
        os._exit(128 + number)
