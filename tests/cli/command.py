"""The kue command as a process of its own: started as a user starts it, read line by line, ended with the test."""

import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Self

from typer.testing import CliRunner

from kue.cli.app import app
from tests.helpers import wait_until
from tests.processes import end, tied

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0


class Command:
    """`python -m kue ...`, or another program, in a folder. `lines` and `errors` are what it wrote so far."""

    def __init__(self, *arguments: str, folder: Path, program: tuple[str, ...] = ("-m", "kue"), **env: str) -> None:
        self.process = subprocess.Popen(
            tied([sys.executable, *program, *arguments]),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        assert self.process.stdout is not None and self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        """All that it wrote to standard output so far."""
        return "\n".join(self.lines)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait_for(self, pattern: str, count: int = 1, timeout: float = PATIENCE) -> list[re.Match[str]]:
        """Wait until so many lines of standard output match; all matches."""

        def found() -> list[re.Match[str]] | None:
            matches = [match for line in list(self.lines) if (match := re.search(pattern, line))]
            if len(matches) < count and not self.running:
                raise AssertionError(f"ended without {pattern!r}:\n{self.text}\n{self.errors}")
            return matches if len(matches) >= count else None

        try:
            return wait_until(found, timeout, f"{pattern!r} in the output") or []
        except AssertionError as problem:
            problem.add_note(f"output:\n{self.text}\nerrors:\n{self.errors}")
            raise

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def leave(self, number: int) -> int:
        """Signal until it has ended: the first may come too soon after another to count. The exit code."""

        def left() -> bool:
            if self.running:
                self.signal(number)
            return not self.running

        wait_until(left, PATIENCE, "the process has left")
        return self.wait()

    def wait(self, timeout: float = PATIENCE) -> int:
        """Its exit code, and everything it wrote has been read."""
        exit_code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return exit_code

    def assert_success(self, timeout: float = PATIENCE) -> None:
        """It ends with exit code 0."""
        exit_code = self.wait(timeout)
        assert exit_code == 0, f"exit code {exit_code}, output:\n{self.text}\nerrors:\n" + "\n".join(self.errors)

    def close(self) -> None:
        end(self.process)
        for reader, stream in zip(self._readers, (self.process.stdout, self.process.stderr), strict=True):
            reader.join(5)
            # A child that outlives the command may hold the other end, and closing would wait for it.
            if stream is not None and not reader.is_alive():
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def assert_usage_error(*arguments: str) -> None:
    """The command, run in this process, refuses its command line."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be buried does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on a loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
