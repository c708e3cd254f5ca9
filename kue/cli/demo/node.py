"""The Node side of the demo.

- installs real Kue in a temporary folder, from a lock file
- starts a producer and a worker in Node, and ends them
- sends the producer the jobs to create
- reads what both report
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from kue.cli.console import CommandError
from kue.cli.demo.plan import Part, Planned
from kue.cli.worker.signals import Signals

KUE = "kue@0.11.6"
# npm checks every package against the hashes of the lock file, and installs no other version.
_PACKAGE = "kue.cli.demo"
_FILES = ("package.json", "package-lock.json", "producer.js", "worker.js")
MAX_INSTALL_SECONDS = 300.0
_MAX_END_SECONDS = 5.0
# The demo is short, so due jobs are promoted more often than the usual once a second.
_PROMOTION = {"interval": 200}  # ms


@contextmanager
def installed(signals: Signals) -> Iterator[Path]:
    """A temporary folder with real Kue and the demo's scripts. Raises `CommandError` if Kue cannot be installed."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise CommandError(f"--with-node needs {program}, which is not installed here", 1)
    with TemporaryDirectory(prefix="kue-demo-") as name:
        folder = Path(name)
        for file in _FILES:
            (folder / file).write_text(resources.files(_PACKAGE).joinpath(file).read_text())
        _install(folder, signals)
        yield folder


def _install(folder: Path, signals: Signals) -> None:
    quietly = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    log = folder / "npm.log"
    with log.open("w") as output:
        npm = subprocess.Popen(
            ["npm", "ci", *quietly],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
        try:
            seconds_left = MAX_INSTALL_SECONDS
            while npm.poll() is None and seconds_left > 0 and not signals.wait(0.1):
                seconds_left -= 0.1
        finally:
            if npm.poll() is None:
                npm.terminate()
            npm.wait()
    if npm.returncode and not signals.received:
        lines = [line for line in log.read_text().splitlines() if line.strip() and "complete log" not in line]
        raise CommandError(f"npm could not install {KUE}: {' / '.join(lines[:4]) or 'it took too long'}", 1)


class Script:
    """One Node process. It reports in lines of JSON on its standard output, and ends when its standard input does."""

    def __init__(self, folder: Path, name: str, **settings: Any) -> None:
        self.name = name
        self._process = subprocess.Popen(
            ["node", name],
            cwd=folder,
            env={**os.environ, "KUE_DEMO": json.dumps(settings)},  # other users can see arguments, with the password
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            process_group=0,
        )
        self._messages: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, name=f"demo-{name}", daemon=True)
        self._reader.start()
        self.pid = 0

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._messages.put(json.loads(line))

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it has reported since the last call. Raises `CommandError` if it reports an error, or has ended."""
        exit_code = self._process.poll()
        with suppress(Empty):
            while True:
                message = self._messages.get_nowait()
                if "error" in message:
                    raise CommandError(f"Node's {self.name} reports an error: {message['error']}", 1)
                if "ready" in message:
                    self.pid = message["ready"]
                yield message
        if exit_code is not None:
            raise CommandError(f"Node's {self.name} ended with code {exit_code}", 1)

    def send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def end(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_MAX_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()


@dataclass(frozen=True)
class Ended:
    """How a job that Node created ended, by the event that Node received."""

    state: str
    result: Any


class NodeSide:
    """The producer and the worker, and what they have reported."""

    def __init__(self, folder: Path, url: str, parts: Sequence[Part], created: Callable[[int, str], object]) -> None:
        options = {"redis": url, "promotion": _PROMOTION}
        slots = {part.type: part.slots for part in parts if "node" in part.runners}
        self._on_created = created
        self._requested: list[Planned] = []
        self._ended: dict[int, Ended] = {}
        self.created: dict[int, Planned] = {}
        self.retries = 0
        self.runs: Counter[int] = Counter()
        self._producer = Script(folder, "producer.js", options=options)
        self._worker = Script(folder, "worker.js", options=options, slots=slots)

    @property
    def is_ready(self) -> bool:
        return bool(self._producer.pid and self._worker.pid)

    @property
    def is_done(self) -> bool:
        """Whether Node created every job that it was to create, and received the end of each."""
        return len(self.created) == len(self._ended) == len(self._requested)

    def create(self, planned: Planned) -> None:
        """Ask the producer to create a job."""
        key = len(self._requested)
        self._requested.append(planned)
        job = {"type": planned.type, "data": planned.data, "options": planned.options}
        self._producer.send({"key": key, **job})

    def read_messages(self) -> None:
        """Take note of what both have reported. Raises `CommandError`."""
        for message in self._producer.messages():
            if "created" in message:
                planned = self._requested[message["created"]]
                planned.id = message["id"]
                self.created[message["id"]] = planned
                self._on_created(message["id"], planned.type)
            elif "retried" in message:
                self.retries += 1
            elif "ended" in message:
                self._ended[message["ended"]] = Ended(message["state"], message.get("result"))
        for message in self._worker.messages():
            if "ran" in message:
                self.runs[message["ran"]] += 1

    @property
    def outcomes(self) -> dict[int, Ended]:
        """How the jobs that Node created ended, by their ids."""
        return {job.id: self._ended[key] for key, job in enumerate(self._requested) if job.id and key in self._ended}

    def close(self) -> None:
        """End both processes."""
        self._producer.end()
        self._worker.end()
