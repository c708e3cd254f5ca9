"""The measured process: has an adapter carry out requests, one JSON line each, and answers what it took.

    python -m benchmarks.drivers.<name> <redis url> <bytes of a payload>

Requests: {"do": operation, ...arguments}; answers: {"ok": value} or {"error": text}. The first line says that the
process is ready, and the versions of its packages. The end of the requests ends the process.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, ClassVar

from benchmarks.drivers.tally import Tally

TEXT_OVERHEAD = len('{"n":12345,"text":""}')


class Adapter:
    """A queue system behind the interface of the benchmark. What a system cannot do stays unimplemented.

    Any of the methods may be a coroutine function.
    """

    packages: ClassVar[tuple[str, ...]] = ()

    def __init__(self, url: str, payload: int) -> None:
        self.url = url
        self.tally = Tally()
        self._text = "x" * max(0, payload - TEXT_OVERHEAD)

    def data(self, number: int) -> dict[str, Any]:
        """The payload of a job."""
        return {"n": number, "text": self._text}

    def open(self) -> Any:
        """Connect, where the constructor does not."""

    def save_each(self, numbers: range) -> Any:
        """Save one job after the other, each acknowledged before the next."""
        raise NotImplementedError

    def save_bulk(self, numbers: range) -> Any:
        """Save many jobs as fast as the system offers."""
        raise NotImplementedError

    def work(self, slots: int) -> Any:
        """Begin to run jobs, so many at once, each adding itself to `tally`; return without waiting for them."""
        raise NotImplementedError

    def round_trip(self, number: int) -> Any:
        """Save a job and wait for its result."""
        raise NotImplementedError

    def fork(self, run: Callable[[], Any]) -> None:
        """Have `run` executed in a forked process, for systems whose worker wants one of its own.

        What is forked is killed by whoever started this process.
        """
        if os.fork() == 0:
            try:
                run()
            finally:
                os._exit(0)

    def begin(self, number: int, heard: Callable[[], None]) -> None:
        """Save a job and call `heard` when its result is there, from any thread."""
        raise NotImplementedError

    def stop(self) -> Any:
        """End the work in good order."""


class Driver:
    """Carries out the requests."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    async def save(self, how: str, first: int, count: int, **options: Any) -> float:
        numbers = range(first, first + count)
        began = time.perf_counter()
        await _seen_through(getattr(self._adapter, f"save_{how}")(numbers, **options))
        return time.perf_counter() - began

    async def work(self, stride: int, **options: Any) -> None:
        self._adapter.tally.stride = stride
        await _seen_through(self._adapter.work(**options))

    async def count(self) -> int:
        self._adapter.tally.read()
        return self._adapter.tally.count

    async def tally(self) -> dict[str, Any]:
        return self._adapter.tally.report()

    async def round_trips(self, first: int, count: int) -> list[float]:
        took = []
        for number in range(first, first + count):
            began = time.perf_counter()
            await _seen_through(self._adapter.round_trip(number))
            took.append(1000 * (time.perf_counter() - began))
        return took

    async def in_flight(self, first: int, count: int, most: int) -> float:
        """Round trips with so many outstanding; the seconds for all."""
        room = threading.Semaphore(most)
        began = time.perf_counter()
        for number in range(first, first + count):
            room.acquire()
            self._adapter.begin(number, room.release)
        for _ in range(most):
            room.acquire()
        return time.perf_counter() - began

    async def steadily(self, first: int, count: int, rate: float) -> list[float]:
        """Round trips begun at a fixed rate, whatever became of the earlier ones; each counts from when it was due."""
        took: list[float] = []
        ended = threading.Semaphore(0)
        start = time.perf_counter() + 0.01

        def hear(due: float) -> Callable[[], None]:
            def heard() -> None:
                took.append(1000 * (time.perf_counter() - due))
                ended.release()

            return heard

        for i in range(count):
            due = start + i / rate
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            self._adapter.begin(first + i, hear(due))
        for _ in range(count):
            ended.acquire()
        return took

    async def stop(self) -> None:
        await _seen_through(self._adapter.stop())


async def _seen_through(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """The versions of installed packages, and of this Python."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = getattr(sys.modules.get(package), "__version__", "?")
    return found


async def _serve(kind: type[Adapter]) -> None:
    adapter = kind(sys.argv[1], int(sys.argv[2]))
    await _seen_through(adapter.open())
    driver = Driver(adapter)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
    answers.write(json.dumps({"ok": versions(kind.packages)}) + "\n")
    requests = asyncio.StreamReader()
    # no thread that reads: one more that wants the GIL would be measured too
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    while line := await requests.readline():
        request = json.loads(line)
        try:
            answer = {"ok": await getattr(driver, request.pop("do"))(**request)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")


def serve(kind: type[Adapter]) -> None:
    """Run until the requests end; what still runs then is not waited for."""
    asyncio.run(_serve_then_leave(kind))


async def _serve_then_leave(kind: type[Adapter]) -> None:
    try:
        await _serve(kind)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
