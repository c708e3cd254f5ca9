"""A Python worker in a process of its own, to be killed, frozen and listened to. Start it from the main thread."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from tests.helpers import wait_until
from tests.processes import end, tied, unmeasured

ROOT = Path(__file__).parent.parent.parent
Fact = dict[str, Any]


class PythonWorker:
    """Runs worker.py with these types ({type: slots}) and this behaviour; further keywords are the queue's options.

    `root` is the folder whose `kue` and `tests` it runs.
    """

    def __init__(
        self, url: str, types: dict[str, int], behaviour: str = "hold", *, root: Path = ROOT, **options: Any
    ) -> None:
        config = {"types": types, "behaviour": behaviour, "queue": {"redis": url, **options}}
        # Files, and no pipes: what the worker has written is seen at once, whatever this process is busy with.
        self._stdout, self._stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 (see close())
        self._facts: list[Fact] = []
        self._read = 0
        self._child = subprocess.Popen(
            tied([sys.executable, "-m", "tests.crash.worker", json.dumps(config)]),
            cwd=root,
            env=(os.environ if root == ROOT else unmeasured()) | {"PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=self._stdout,
            stderr=self._stderr,
        )
        wait_until(lambda: self.reported("ready") or not self.running, 20)
        assert self.running, self.stderr()

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

    def pause(self) -> None:
        """SIGSTOP; it stands still when this returns."""
        self._child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def close(self) -> None:
        end(self._child)
        for stream in (self._child.stdin, self._stdout, self._stderr):
            with suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- its commands, and what it reports ---

    def command(self, word: str) -> None:
        """`release`, `shutdown` or `requeue`."""
        assert self._child.stdin is not None
        self._child.stdin.write(word.encode() + b"\n")
        self._child.stdin.flush()

    @property
    def facts(self) -> list[Fact]:
        """What it has reported so far. A line that is not whole yet is left for later."""
        new = _content(self._stdout, self._read)
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        self._facts += map(json.loads, whole.splitlines())
        return self._facts

    def reported(self, what: str, **facts: Any) -> list[Fact]:
        """What it has reported so far of this kind."""
        wanted = {"what": what, **facts}.items()
        return [fact for fact in self.facts if wanted <= fact.items()]

    def errors(self, kind: str | None = None) -> list[str]:
        """The texts of its `error` events."""
        return [fact["text"] for fact in self.reported("error") if kind in (None, fact["kind"])]

    def stderr(self) -> str:
        return _content(self._stderr).decode(errors="replace")


def _content(file: IO[bytes], start: int = 0) -> bytes:
    """What a file has from a position on. The position at which others read and write it stays."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size - start, start)
