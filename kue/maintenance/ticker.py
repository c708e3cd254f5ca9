"""The thread that drives the periodic duties, with jitter, so that a fleet's processes do not move in step."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from kue.common.error_reporter import ErrorReporter
from kue.errors import ConnectionFailed, KueError

_TRY_AGAIN = 1.0  # a duty with a long interval must not be the last to see that Redis is back


class Duty(Protocol):
    """One thing to be done again and again."""

    interval: float
    """Seconds between two rounds."""

    def run_once(self, now: int) -> bool:
        """One round at `now` (ms); True where it was a full one, and the next should follow at once."""


class Ticker:
    """Runs duties from `start` to `stop`. A duty that fails is reported and tried again, within a second."""

    def __init__(self, duties: list[Duty], error_reporter: ErrorReporter, clock: Callable[[], int]) -> None:
        self._error_reporter = error_reporter
        self._clock = clock
        self._lock = threading.Lock()
        self._wakeup = threading.Event()
        self._stopping = False
        self._due = {duty: self._next(duty) for duty in duties}
        self._thread = threading.Thread(target=self._run, name="kue-ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, duty: Duty) -> None:
        """One duty more."""
        with self._lock:
            self._due.setdefault(duty, self._next(duty))
        self._wakeup.set()

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread; from the thread itself it does not wait."""
        self._stopping = True
        self._wakeup.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _next(self, duty: Duty) -> float:
        return time.monotonic() + duty.interval * random.uniform(0.9, 1.1)

    def _run(self) -> None:
        while not self._stopping:
            with self._lock:
                turns = sorted(self._due.items(), key=lambda item: item[1])
            for duty, due in turns:
                if due <= time.monotonic() and not self._stopping:
                    following = self._do(duty)
                    with self._lock:
                        self._due[duty] = following
            with self._lock:
                wait = min(self._due.values(), default=time.monotonic() + 1.0) - time.monotonic()
            if wait > 0:
                self._wakeup.wait(wait)
                self._wakeup.clear()

    def _do(self, duty: Duty) -> float:
        """One round; when the next is due."""
        who = f"ticker: {type(duty).__name__}"  # each for itself: one may be refused what another does not need
        try:
            again = duty.run_once(self._clock())
        except ConnectionFailed as problem:
            self._error_reporter.outage_began("ticker", problem)
        except KueError as problem:
            self._error_reporter.outage_began(who, problem)
        except Exception as problem:
            self._error_reporter.unexpected(who, problem)
        else:
            self._error_reporter.outage_ended("ticker")
            self._error_reporter.outage_ended(who)
            return time.monotonic() if again else self._next(duty)
        return min(self._next(duty), time.monotonic() + _TRY_AGAIN)
