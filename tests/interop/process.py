"""A Node process that runs puppet.js and answers requests over JSON lines."""

import itertools
import json
import os
import signal
import subprocess
import tempfile
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.processes import end, tied

HERE = Path(__file__).parent
READY = 0  # the number under which the process says that it is ready


class NodeError(Exception):
    """A request that Node refused or left unanswered, or a process that ended; with its stderr."""


class NodeProcess:
    """Starts the process, sends requests and matches the answers to them; any thread may ask."""

    def __init__(self, config: dict[str, Any], timeout: float) -> None:
        self.timeout = timeout
        self._numbers = itertools.count(READY + 1)
        self._waiting: dict[int, Future[Any]] = {READY: Future()}
        self._lock = threading.Lock()
        self._ended = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)
        self._child = subprocess.Popen(
            tied(["node", "puppet.js", json.dumps(config)]),
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        self._reader = threading.Thread(target=self._read_answers, name="node-answers", daemon=True)
        ready = self._waiting[READY]
        self._reader.start()
        try:
            self._await(ready, "start")
        except BaseException:
            self.close()
            raise

    # --- its life ---

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def kill(self) -> None:
        """SIGKILL."""
        self._child.kill()
        self._child.wait()
        self._reader.join()

    def pause(self) -> None:
        """SIGSTOP: it stands still and answers nothing."""
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def stderr(self) -> str:
        """What it wrote so far, read without moving the place where it writes next."""
        if self._stderr.closed:
            return ""
        size = os.fstat(self._stderr.fileno()).st_size
        return os.pread(self._stderr.fileno(), size, 0).decode(errors="replace")

    def close(self) -> None:
        """End the process, without Kue's shutdown."""
        end(self._child)
        self._reader.join()
        for stream in (self._child.stdin, self._child.stdout, self._stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- requests ---

    def request(self, operation: str, **arguments: Any) -> Any:
        """Send a request of puppet.js and return its value."""
        future: Future[Any] = Future()
        with self._lock:
            if self._ended:
                raise self._obituary()
            number = next(self._numbers)
            self._waiting[number] = future
            assert self._child.stdin is not None
            # where the process has just ended, the reader is about to say so
            with suppress(BrokenPipeError):
                line = json.dumps({"id": number, "operation": operation, **arguments})
                self._child.stdin.write(line.encode() + b"\n")
                self._child.stdin.flush()
        return self._await(future, operation)

    def _await(self, future: "Future[Any]", operation: str) -> Any:
        try:
            return future.result(self.timeout)
        except TimeoutError:
            raise NodeError(f"no answer to {operation} in {self.timeout} s\n{self.stderr()}") from None

    def _read_answers(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            answer = json.loads(line)
            future = self._waiting.pop(answer["id"])
            if "error" in answer:
                future.set_exception(_refusal(**answer["error"]))
            else:
                future.set_result(answer["value"])
        self._child.wait()
        with self._lock:
            self._ended = True
            for future in self._waiting.values():
                future.set_exception(self._obituary())

    def _obituary(self) -> NodeError:
        return NodeError(f"Node has ended with code {self._child.returncode}\n{self.stderr()}")


def _refusal(name: str, message: str, stack: str) -> NodeError:
    error = NodeError(f"{name}: {message}")
    error.add_note(stack)
    return error
