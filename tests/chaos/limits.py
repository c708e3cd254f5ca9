"""The limits of a chaos run: the jobs that are cancelled have a limit and a rate, and are paused now and then.

Redis's append-only file shows whether Python's workers kept to them. No Node worker runs jobs of that type.
"""

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from kue.errors import KueError
from tests.chaos.background import Background
from tests.chaos.cancels import CANCELLED

CONCURRENCY = 4
STARTS, WINDOW_MS = 8, 1000
SECONDS_BETWEEN_PAUSES = 5.0
PAUSE_MS = 1000
_ACTIVE, _RATE, _FLOW = f"q:jobs:{CANCELLED}:active".encode(), f"q:py:rate:{CANCELLED}".encode(), b"q:py:flow"


class Limiter(Background):
    """Sets the limits, and pauses the type. A pause that was refused is left out. The last one ends by itself."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "limiter")
        self._queue.limit(CANCELLED, concurrency=CONCURRENCY, per=(STARTS, timedelta(milliseconds=WINDOW_MS)))

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS_BETWEEN_PAUSES):
            with contextlib.suppress(KueError):
                self._queue.pause(CANCELLED, PAUSE_MS)


class Judge:
    """Reads every write in its order. `complaints` are what is wrong; the counts are for the report."""

    def __init__(self, commands: Iterable[list[Any]]) -> None:
        self.most = self.started = self.pauses = 0
        self._noted = 0
        self._active: set[bytes] = set()
        self._window: deque[int] = deque()
        self._paused_until = 0
        self.complaints = list(self._read(commands))

    def _read(self, commands: Iterable[list[Any]]) -> Iterator[str]:
        for name, key, *arguments in (command for command in commands if len(command) > 1):
            what = name.upper()
            if key == _ACTIVE and what == b"ZADD":
                yield from self._entered(set(arguments[1::2]))
            elif key == _ACTIVE and what == b"ZREM":
                self._active -= set(arguments)
            elif key == _RATE and what == b"LPUSH":
                for start in arguments:
                    yield from self._noted_at(int(start))
            elif key == _FLOW and what in (b"HSET", b"HMSET"):
                self._set(dict(zip(arguments[::2], arguments[1::2], strict=True)))
        if self._noted != self.started:
            yield f"{self.started} limited jobs became active, and {self._noted} starts were noted"

    def _entered(self, members: set[bytes]) -> Iterator[str]:
        self.started += len(members - self._active)
        self._active |= members
        self.most = max(self.most, len(self._active))
        if len(self._active) > CONCURRENCY:
            yield f"{len(self._active)} limited jobs were active, and the limit is {CONCURRENCY}"

    def _noted_at(self, start: int) -> Iterator[str]:
        self._noted += 1
        self._window.append(start)
        while self._window[0] <= start - WINDOW_MS:
            self._window.popleft()
        if len(self._window) > STARTS:
            yield f"{len(self._window)} limited jobs started within {WINDOW_MS} ms before {start}"
        if start < self._paused_until:
            yield f"a job started at {start}, and its type was paused until {self._paused_until}"

    def _set(self, fields: dict[bytes, bytes]) -> None:
        ends = fields.get(CANCELLED.encode(), b"").partition(b",")[0]
        if ends.isdigit() and int(ends) != self._paused_until:
            self._paused_until = int(ends)
            self.pauses += 1
