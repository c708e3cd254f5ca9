"""The measured process: an adapter carries out requests, one JSON line each, and the driver measures and answers.

    python -m benchmarks.drivers.<name> <redis url> <bytes of a payload>

A request is {"do": operation, ...arguments}, an answer {"ok": value} or {"error": text}. The first answer comes unasked
when the process is ready, and has the versions of its packages. The process ends when its standard input does.
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

OVERHEAD_BYTES = len('{"n":12345,"text":""}')


class Adapter:
    """A queue system behind the interface of the benchmark. A method that the system cannot offer is not implemented.

    Any of the methods may be a coroutine function.
    """

    packages: ClassVar[tuple[str, ...]] = ()

    def __init__(self, url: str, payload: int) -> None:
        self.url = url
        self.tally = Tally()
        self._text = "x" * max(0, payload - OVERHEAD_BYTES)

    def data(self, number: int) -> dict[str, Any]:
        """The payload of a job."""
        return {"n": number, "text": self._text}

    def open(self) -> Any:
        """Connect, if the constructor has not done so."""

    def save_each(self, numbers: range) -> Any:
        """Save one job after the other; Redis acknowledges each before the next is sent."""
        raise NotImplementedError

    def save_bulk(self, numbers: range) -> Any:
        """Save many jobs in the fastest way that the system offers."""
        raise NotImplementedError

    def work(self, slots: int) -> Any:
        """Start to run jobs, `slots` at once, without waiting for them. Each job adds itself to `tally`."""
        raise NotImplementedError

    def round_trip(self, number: int) -> Any:
        """Save a job and wait for its result."""
        raise NotImplementedError

    def fork(self, run: Callable[[], Any]) -> None:
        """Call `run` in a forked process, for systems whose worker needs a process of its own.

        The program that started this process kills the forked one.
        """
        if os.fork() == 0:
            try:
                run()
            finally:
                os._exit(0)

    def begin(self, number: int, on_result: Callable[[], None]) -> None:
        """Save a job, and call `on_result` when its result is there, on any thread."""
        raise NotImplementedError

    def search(self, text: str) -> int:
        """Find jobs by the words of their data. Returns how many ids there are."""
        raise NotImplementedError

    def stop(self) -> Any:
        """Stop working, gracefully."""


class Driver:
    """The operations that can be requested."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    async def save(self, how: str, first: int, count: int, **options: Any) -> float:
        numbers = range(first, first + count)
        began = time.perf_counter()
        await _awaited(getattr(self._adapter, f"save_{how}")(numbers, **options))
        return time.perf_counter() - began

    async def work(self, stride: int, **options: Any) -> None:
        self._adapter.tally.stride = stride
        await _awaited(self._adapter.work(**options))

    async def count(self) -> int:
        self._adapter.tally.read()
        return self._adapter.tally.count

    async def tally(self) -> dict[str, Any]:
        return self._adapter.tally.report()

    async def round_trips(self, first: int, count: int) -> list[float]:
        """Make round trips one after the other. Returns the ms that each took."""
        times = []
        for number in range(first, first + count):
            began = time.perf_counter()
            await _awaited(self._adapter.round_trip(number))
            times.append(1000 * (time.perf_counter() - began))
        return times

    async def in_flight(self, first: int, count: int, limit: int) -> float:
        """Make round trips with `limit` of them outstanding. Returns the seconds that all took."""
        room = threading.Semaphore(limit)
        began = time.perf_counter()
        for number in range(first, first + count):
            room.acquire()
            self._adapter.begin(number, room.release)
        for _ in range(limit):
            room.acquire()
        return time.perf_counter() - began

    async def at_rate(self, first: int, count: int, rate: float) -> list[float]:
        """Begin round trips at a fixed rate, without waiting. Returns the ms of each, counted from when it was due."""
        times: list[float] = []
        ended = threading.Semaphore(0)
        start = time.perf_counter() + 0.01

        def stop_clock(due: float) -> Callable[[], None]:
            def on_result() -> None:
                times.append(1000 * (time.perf_counter() - due))
                ended.release()

            return on_result

        for i in range(count):
            due = start + i / rate
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            self._adapter.begin(first + i, stop_clock(due))
        for _ in range(count):
            ended.acquire()
        return times

    async def searches(self, text: str, count: int) -> dict[str, Any]:
        """Search some times, one after the other. Returns the ms that each took, and how many ids there were."""
        times, ids = [], 0
        for _ in range(count):
            began = time.perf_counter()
            ids = self._adapter.search(text)
            times.append(1000 * (time.perf_counter() - began))
        return {"times": times, "ids": ids}

    async def stop(self) -> None:
        await _awaited(self._adapter.stop())


async def _awaited(result: Any) -> Any:
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


async def _serve(adapter_class: type[Adapter]) -> None:
    adapter = adapter_class(sys.argv[1], int(sys.argv[2]))
    await _awaited(adapter.open())
    driver = Driver(adapter)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # so that output of a library does not look like an answer
    answers.write(json.dumps({"ok": versions(adapter_class.packages)}) + "\n")
    requests = asyncio.StreamReader()
    # A thread that reads would compete for the GIL, and be measured too. So the event loop reads.
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    while line := await requests.readline():
        request = json.loads(line)
        try:
            answer = {"ok": await getattr(driver, request.pop("do"))(**request)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")


def serve(adapter_class: type[Adapter]) -> None:
    """Answer requests until they end, then exit without waiting for jobs that still run."""
    asyncio.run(_serve_then_exit(adapter_class))


async def _serve_then_exit(adapter_class: type[Adapter]) -> None:
    try:
        await _serve(adapter_class)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
