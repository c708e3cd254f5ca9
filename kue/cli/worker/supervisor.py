"""Keeps a number of worker processes running: starts them, replaces those that die, and stops all at a signal.

- starts the processes, and reads their messages
- starts a new process after a pause if one dies
- stops all of them gracefully, or kills them at a second signal
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

from kue.cli.console import CommandError
from kue.cli.worker.logs import LogOptions
from kue.cli.worker.process import WorkerProcess, ending
from kue.cli.worker.serving import Serving, Stopping
from kue.cli.worker.signals import Signals

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
# If a process served for this long, its death has nothing to do with the death before.
HEALTHY_AFTER_SECONDS = 30.0
# A graceful stop needs this long after its deadline, to write the last outcomes.
FINAL_IO_SECONDS = 15.0
_CHECK_EVERY_SECONDS = 0.2


class ProcessSlot:
    """A numbered place for one process, and the process that fills it now."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: WorkerProcess | None = None
        self.serving: Serving | None = None
        self.was_ready = False
        self.started_at = 0.0
        self.start_at: float | None = None  # when the next process is to start
        self.deaths = 0
        self.problem = ""

    def pause(self, now: float) -> float:
        """How many seconds to wait before the next start, after a death at `now`."""
        if self.serving is not None and now - self.started_at >= HEALTHY_AFTER_SECONDS:
            self.deaths = 0
        self.deaths += 1
        return float(min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self.deaths - 1, 10)))


class Supervisor:
    """Call `run_once` in a loop, then `stop`. `print_line` gets a line for each thing that happens.

    With `one_first` the other processes start once the first is ready.
    """

    def __init__(
        self,
        target: str,
        processes: int,
        stopping: Stopping,
        print_line: Callable[[str], object],
        *,
        logs: LogOptions | None = None,
        environment: Mapping[str, str] | None = None,
        one_first: bool = True,
    ) -> None:
        self._target = target
        self._stopping = stopping
        self._print = print_line
        self._logs = logs or LogOptions()
        self._environment = environment or {}
        self._is_quiet = False
        self._slots = [ProcessSlot(number) for number in range(1, processes + 1)]
        # If one process starts alone, a faulty module is reported only once.
        for slot in self._slots[:1] if one_first else self._slots:
            slot.start_at = 0.0

    @property
    def serving(self) -> list[Serving]:
        """What each process that is ready serves."""
        return [slot.serving for slot in self._slots if slot.serving is not None]

    @property
    def is_ready(self) -> bool:
        """Whether every process is ready."""
        return len(self.serving) == len(self._slots)

    def run_once(self, signals: Signals, timeout: float) -> None:
        """Start the processes that are due, wait at most `timeout` seconds for a signal or a message, check them all.

        Raises `CommandError` if a process cannot start at all.
        """
        self._start_due()
        descriptors = [one for slot in self._slots if slot.process for one in slot.process.descriptors]
        signals.wait(min(timeout, _CHECK_EVERY_SECONDS), *descriptors)
        for slot in self._slots:
            self._check(slot)

    def _start_due(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.start_at is not None and slot.start_at <= now:
                slot.start_at, slot.started_at, slot.problem = None, now, ""
                slot.process = WorkerProcess(self._target, self._stopping, self._logs, self._environment)
                if self._is_quiet:
                    slot.process.become_quiet()

    def _check(self, slot: ProcessSlot) -> None:
        if slot.process is None:
            return
        exit_code = slot.process.exit_code
        for message in slot.process.messages():
            self._on_message(slot, message)
        if exit_code is not None:
            self._ended(slot, exit_code)

    def _on_message(self, slot: ProcessSlot, message: dict[str, Any]) -> None:
        if "error" in message:
            slot.problem = message["error"]
            if not slot.was_ready:
                raise CommandError(slot.problem, message["code"], details=message["details"])
            return
        slot.serving = serving = Serving(**message["ready"])
        if serving.embedded and len(self._slots) > 1:
            raise CommandError(
                f"{self._target} asks for an embedded server, and each process would start one of its own: use "
                "--processes 1, or one server for all (`kue server`, and its URL as redis= or in KUE_REDIS_URL)"
            )
        if not slot.was_ready and slot is self._slots[0]:
            self._print(f"serves {serving.slots} on {serving.location}, in {len(self._slots)} processes")
            for other in self._slots[1:]:
                if other.process is None:
                    other.start_at = 0.0
        slot.was_ready = True
        self._print(f"worker {slot.number} is ready, pid {serving.pid}")

    def _ended(self, slot: ProcessSlot, exit_code: int) -> None:
        assert slot.process is not None
        what = f"worker {slot.number}, pid {slot.process.pid}, {ending(exit_code)}"
        if not slot.was_ready:
            raise CommandError(f"{what} before it was ready", 1)
        if slot.problem:
            what += f" ({slot.problem})"
        slot.process.close()
        now = time.monotonic()
        pause = slot.pause(now)
        slot.process = slot.serving = None
        slot.start_at = now + pause
        self._print(f"{what}; a new one starts in {pause:g} s")

    def become_quiet(self) -> bool:
        """Have every process take no more jobs, also those that start later. Returns whether it is new."""
        if self._is_quiet:
            return False
        self._is_quiet = True
        for slot in self._slots:
            if slot.process is not None:
                slot.process.become_quiet()
        return True

    def stop(self) -> bool:
        """Stop every process, and wait for them. Returns whether all of them stopped gracefully."""
        running = [slot for slot in self._slots if slot.process is not None]
        for slot in running:
            assert slot.process is not None
            slot.process.terminate()
        deadline = time.monotonic() + self._stopping.timeout + FINAL_IO_SECONDS
        return all([self._wait_for_end(slot, deadline) for slot in running])

    def _wait_for_end(self, slot: ProcessSlot, deadline: float) -> bool:
        process = slot.process
        assert process is not None
        exit_code = process.wait(max(0.0, deadline - time.monotonic()))
        if exit_code is None:
            process.kill()
            exit_code = process.wait(FINAL_IO_SECONDS)
        process.close()
        slot.process = slot.serving = None
        if exit_code == -signal.SIGTERM:
            # The signal came before the process caught signals. It catches them before it takes a job, so none is lost.
            return True
        if exit_code:
            self._print(f"worker {slot.number}, pid {process.pid}, {ending(exit_code)}")
        return exit_code == 0

    def kill_all_and_exit(self, number: int) -> None:
        """At a second signal: kill every process, and end this one at once."""
        for slot in self._slots:
            if slot.process is not None:
                slot.process.kill()
        os._exit(128 + number)
