"""Records the events of the demo's queue: a count of the starts of each job, the rate, and lines to show."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import kue_send

_RATE_SECONDS = 2.0
_SECONDS_BETWEEN_LINES = 0.2
_MAX_LINES = 50


class Tally:
    """Listens to a queue. The listeners' thread writes it, any thread reads it.

    `last_start` has the time (ms since the epoch) when the last start of each job was received.
    """

    def __init__(self, queue: kue_send.Queue, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._now = queue.runtime.store.clock
        self._types: dict[int, str] = {}
        self._ends: deque[float] = deque()
        self._last_line_at = 0.0
        self.started: list[int] = []
        self.starts: Counter[int] = Counter()
        self.last_start: dict[int, int] = {}
        self.retries = 0
        self.lines: deque[tuple[str, str]] = deque(maxlen=_MAX_LINES)
        self.notes: list[str] = []
        queue.on("job start", self._on_start)
        queue.on("job progress", self._on_progress)
        queue.on("job promotion", lambda id: self._line("blue", id, "is due"))
        queue.on("job failed attempt", self._on_failed_attempt)
        queue.on("job complete", self._on_complete)
        queue.on("job failed", self._on_failed)

    @property
    def rate(self) -> float:
        """How many jobs ended per second, in the last seconds."""
        now = self._clock()
        return sum(now - end <= _RATE_SECONDS for end in list(self._ends)) / _RATE_SECONDS

    def created(self, id: int, type: str) -> None:
        """Note the type of a job, to show it with the job's events: most events carry only the id."""
        self._types[id] = type

    def note(self, text: str) -> None:
        """Add a line to show that is no event."""
        self.notes.append(text)
        self.lines.append(("bold", text))

    def _on_start(self, id: int, type: str) -> None:
        self.started.append(id)
        self.starts[id] += 1
        self.last_start[id] = self._now()

    def _on_progress(self, id: int, percent: int, data: Any) -> None:
        step = data.get("step", "") if isinstance(data, dict) else ""
        self._line("cyan", id, f"{percent} % {step}")

    def _on_failed_attempt(self, id: int, message: str, attempts: int) -> None:
        self.retries += 1
        self._line("yellow", id, f"attempt {attempts} failed: {message}")

    def _on_complete(self, id: int, result: Any) -> None:
        self._ended()
        self._line("green", id, f"complete: {result}")

    def _on_failed(self, id: int, message: str) -> None:
        self._ended()
        self._line("red", id, f"failed for good: {message}")

    def _ended(self) -> None:
        now = self._clock()
        self._ends.append(now)
        while now - self._ends[0] > _RATE_SECONDS:
            self._ends.popleft()

    def _line(self, style: str, id: int, text: str) -> None:
        """Add a line for an event, unless another one was added just before: a reader can follow a few per second."""
        now = self._clock()
        if now - self._last_line_at >= _SECONDS_BETWEEN_LINES:
            self._last_line_at = now
            self.lines.append((style, f"{self._types.get(id, 'job')} {id} {text}"))
