"""A measured process: starts it, asks it, and reads from the system what it used."""

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

START_TIMEOUT = 60.0


class Child:
    """One process of a contestant; `versions` is what it says of its packages."""

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
            self.versions: dict[str, str] = self._answer("start", START_TIMEOUT)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, operation: str, timeout: float = 600, **arguments: Any) -> Any:
        """Have an operation carried out, and return what came of it."""
        self.tell(operation, **arguments)
        return self._answer(operation, timeout)

    def tell(self, operation: str, **arguments: Any) -> None:
        """Ask without waiting for the answer, which `hear` gives."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": operation, **arguments}).encode() + b"\n")
        self._process.stdin.flush()

    def hear(self, timeout: float = 600) -> Any:
        """The answer to what was told."""
        return self._answer("the request", timeout)

    def cpu(self) -> float:
        """Seconds of CPU so far, of the process and its children."""
        return usage.cpu_of_tree(self.pid)

    def precise_cpu(self) -> float:
        """The same to the nanosecond, of its threads that live."""
        return usage.cpu_of_threads(self.pid)

    def resident(self) -> float:
        """Resident memory in MB, of the process and its children."""
        return usage.resident_of_tree(self.pid)

    def _answer(self, what: str, timeout: float) -> Any:
        line = self._read_line(timeout)
        if not line:
            raise self._failure(f"did not answer to {what}")
        answer = json.loads(line)
        if "error" in answer:
            raise self._failure(f"failed to {what}: {answer['error']}")
        return answer["ok"]

    def _read_line(self, timeout: float) -> bytes:
        stream = self._process.stdout
        assert stream is not None
        # one answer follows one question, so that nothing is left in the stream's buffer when this waits
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            return stream.readline() if selector.select(timeout) else b""

    def _failure(self, what: str) -> BenchmarkError:
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace")[-3000:]
        return BenchmarkError(f"{self.contestant.title} {what}\n{said}")

    def close(self) -> None:
        """End the process, by the end of its requests at first, and whatever it has forked."""
        below = list(usage.tree(self.pid))[1:]
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        deadline = time.monotonic() + 3
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        end(self._process)
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
