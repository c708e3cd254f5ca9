"""What goes on after the demo while its dashboard stays up: new jobs, so that there is something to see.

They take longer than those of the demo and wait longer for their next attempt. How they end is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from types import TracebackType
from typing import Self

import kue_send
from kue.cli.demo.plan import Part, Planned, Timing

_JOBS_PER_SECOND = 4
_MAX_AT_ONCE = 20  # after a pause of the machine, the jobs of that time are left out
_LONGER = 30  # times
_SHOW_SECONDS = 600.0  # the delays of the jobs are shares of it
_MS = 1500


class Encore:
    """A `with` block has a queue of its own. Call `create_due` in a loop; times are in seconds after the beginning."""

    def __init__(self, url: str, parts: Sequence[Part]) -> None:
        self._url = url
        self._jobs = endless_jobs(parts)
        self._created = 0

    def __enter__(self) -> Self:
        self._queue = kue_send.Queue(redis=self._url)
        self._declare()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.shutdown(0)

    def create_due(self, elapsed: float) -> None:
        """Create the jobs that are due by now. Raises what `save` raises."""
        due = int(elapsed * _JOBS_PER_SECOND) - self._created
        self._created += due
        planned = [next(self._jobs) for _ in range(min(due, _MAX_AT_ONCE))]
        self._queue.save_all([self._queue.create(one.type, one.data, **one.options) for one in planned])

    def _declare(self) -> None:
        """Some recurring jobs. The workers see to them."""
        create, every = self._queue.create, self._queue.every
        every(
            "20 seconds", create("email", {"to": "team@example.com", "subject": "Alive", "ms": _MS}), name="heartbeat"
        )
        report = create("report", {"rows": 5000, "form": "returns", "ms": _MS})
        every("30 2 * * 1-5", report, name="nightly report", tz="Europe/Berlin", overlap="skip")
        every("0 6 1 * *", create("alert", {"service": "billing", "ms": _MS}), name="monthly alert").pause()


def endless_jobs(parts: Sequence[Part]) -> Iterator[Planned]:
    """Jobs of all parts, in proportion to their shares, and those of each as far apart as can be."""
    numbers = {part.type: count() for part in parts}
    owed = dict.fromkeys(numbers, 0)
    whole = sum(part.share for part in parts)
    while True:
        for part in parts:
            owed[part.type] += part.share
        part = max(parts, key=lambda part: owed[part.type])
        owed[part.type] -= whole
        yield part.plan(next(numbers[part.type]), Timing(_SHOW_SECONDS, part.job_ms * _LONGER))
