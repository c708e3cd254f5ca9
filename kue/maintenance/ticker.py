"""The thread that runs the periodic duties, with jitter, so that the processes of a fleet do not act in step."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from kue.common.error_reporter import ErrorReporter
from kue.common.flag import Flag
from kue.errors import ConnectionFailed

_JITTER = 0.1  # of the interval
_MAX_RETRY_SECONDS = 1.0  # a duty with a long interval must not be the last to notice that Redis is back


class Duty(Protocol):
    """One thing to do again and again."""

    interval: float
    """Seconds between two rounds."""

    def run_once(self, now: int) -> bool:
        """Do one round at `now` (ms). True if it reached its limit, so that the next should follow at once."""
        ...


class Ticker:
    """Runs duties from `start` to `stop`. If one fails, it is reported, and run again within a second."""

    def __init__(self, duties: list[Duty], error_reporter: ErrorReporter, clock: Callable[[], int]) -> None:
        self._error_reporter = error_reporter
        self._clock = clock
        self._lock = threading.RLock()
        self._wakeup = Flag()
        self._stopping = False
        self._due = {duty: self._next_due(duty) for duty in duties}
        self._thread = threading.Thread(target=self._run, name="kue-ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, duty: Duty) -> None:
        """Add a duty, whose first round is due after its interval. One that was added before is not added again."""
        with self._lock:
            self._due.setdefault(duty, self._next_due(duty))
        self._wakeup.set()

    def hasten(self, duty: Duty) -> None:
        """Have the next round of a duty at once."""
        with self._lock:
            if duty in self._due:
                self._due[duty] = time.monotonic()
        self._wakeup.set()

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread, and wait for that at most `timeout` seconds; not at all in the thread itself."""
        self._stopping = True
        self._wakeup.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _next_due(self, duty: Duty) -> float:
        jitter = getattr(duty, "jitter", _JITTER)
        return time.monotonic() + duty.interval * random.uniform(1 - jitter, 1 + jitter)

    def _run(self) -> None:
        while not self._stopping:
            with self._lock:
                duties = sorted(self._due.items(), key=lambda item: item[1])
            for duty, due in duties:
                if due <= time.monotonic() and not self._stopping:
                    next_due = self._run_round(duty)
                    with self._lock:
                        if self._due[duty] == due:  # not brought forward meanwhile
                            self._due[duty] = next_due
            with self._lock:
                wait = min(self._due.values(), default=time.monotonic() + 1.0) - time.monotonic()
            if wait > 0:
                self._wakeup.wait(wait)
                self._wakeup.clear()

    def _run_round(self, duty: Duty) -> float:
        """Do one round. Returns when the next is due."""
        name = f"ticker: {type(duty).__name__}"  # each of its own: Redis may refuse a command that only one needs
        try:
            again = duty.run_once(self._clock())
        except ConnectionFailed as problem:
            self._error_reporter.outage_began("ticker", problem)
        except Exception as problem:
            self._error_reporter.failed(name, problem)
        else:
            self._error_reporter.outage_ended("ticker")
            self._error_reporter.outage_ended(name)
            return time.monotonic() if again else self._next_due(duty)
        return min(self._next_due(duty), time.monotonic() + _MAX_RETRY_SECONDS)
