"""A measured process: starts it, sends it requests, and reads from the system what it used."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import Any, Self

from benchmarks import usage
from benchmarks.contestants import ROOT, Contestant
from benchmarks.errors import BenchmarkError
from tests.processes import end, tied

START_TIMEOUT_SECONDS = 60.0


class Child:
    """One process of a contestant. `versions` has the versions of its packages, as it reports them."""

    def __init__(self, contestant: Contestant, url: str, payload: int) -> None:
        self.contestant = contestant
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)
        self._process = subprocess.Popen(
            tied([*contestant.command, url, str(payload)]),
            cwd=ROOT,
            env=os.environ | contestant.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        try:
            self.versions: dict[str, str] = self._answer("start", START_TIMEOUT_SECONDS)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, operation: str, timeout: float = 600, **arguments: Any) -> Any:
        """Request an operation, and return its answer. Raises `BenchmarkError` if it fails."""
        self.send(operation, **arguments)
        return self._answer(operation, timeout)

    def send(self, operation: str, **arguments: Any) -> None:
        """Request an operation without waiting for the answer, which `receive` gives."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": operation, **arguments}).encode() + b"\n")
        self._process.stdin.flush()

    def receive(self, timeout: float = 600) -> Any:
        """Wait for the answer to the last request that was sent."""
        return self._answer("the request", timeout)

    def cpu(self) -> float:
        """Seconds of CPU that the process and its children have used so far."""
        return usage.cpu_of_tree(self.pid)

    def precise_cpu(self) -> float:
        """Seconds of CPU that the threads running now have used, to the nanosecond."""
        return usage.cpu_of_threads(self.pid)

    def resident(self) -> float:
        """Resident memory in MB of the process and its children."""
        return usage.resident_of_tree(self.pid)

    def _answer(self, what: str, timeout: float) -> Any:
        line = self._read_line(timeout)
        if not line:
            raise self._failure(f"did not answer to {what!r}")
        answer = json.loads(line)
        if "error" in answer:
            raise self._failure(f"failed at {what!r}: {answer['error']}")
        return answer["ok"]

    def _read_line(self, timeout: float) -> bytes:
        stream = self._process.stdout
        assert stream is not None
        # Each request has one answer, so the stream's buffer is empty when this waits.
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            return stream.readline() if selector.select(timeout) else b""

    def _failure(self, what: str) -> BenchmarkError:
        self._stderr.seek(0)
        output = self._stderr.read().decode(errors="replace")[-3000:]
        return BenchmarkError(f"{self.contestant.title} {what}\n{output}")

    def close(self) -> None:
        """End the process, and the processes that it has forked. It may first end by itself, as its input is closed."""
        descendants = list(usage.tree(self.pid))[1:]
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        deadline = time.monotonic() + 3
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        end(self._process)
        for pid in descendants:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
