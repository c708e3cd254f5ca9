"""The Node side of the demo: real Kue, installed in a temporary folder, with a producer and a worker."""

from __future__ import annotations

import json
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
INSTALL_SECONDS = 300.0
_END_SECONDS = 5.0
# As in the Python workers: the show is short.
_PROMOTION = {"interval": 200}


@contextmanager
def installed(signals: Signals) -> Iterator[Path]:
    """A temporary folder with real Kue and the demo's scripts. Raises `CommandError`."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise CommandError(f"--with-node needs {program}, which is not installed here", 1)
    with TemporaryDirectory(prefix="kue-demo-") as name:
        folder = Path(name)
        (folder / "package.json").write_text('{"private": true}')
        for script in ("producer.js", "worker.js"):
            (folder / script).write_text(resources.files(__package__).joinpath(script).read_text())
        _install(folder, signals)
        yield folder


def _install(folder: Path, signals: Signals) -> None:
    quietly = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--loglevel=error"]
    log = folder / "npm.log"
    with log.open("w") as output:
        npm = subprocess.Popen(
            ["npm", "install", *quietly, KUE],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
        try:
            patience = INSTALL_SECONDS
            while npm.poll() is None and patience > 0 and not signals.wait(0.1):
                patience -= 0.1
        finally:
            if npm.poll() is None:
                npm.terminate()
            npm.wait()
    if npm.returncode and not signals.received:
        lines = [line for line in log.read_text().splitlines() if line.strip() and "complete log" not in line]
        raise CommandError(f"npm could not install {KUE}: {' / '.join(lines[:4]) or 'it took too long'}", 1)


class Script:
    """One Node process that tells things in lines of JSON, and ends when its standard input does."""

    def __init__(self, folder: Path, name: str, *arguments: Any) -> None:
        self.name = name
        self._process = subprocess.Popen(
            ["node", name, *map(json.dumps, arguments)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            process_group=0,
        )
        self._told: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, name=f"demo-{name}", daemon=True)
        self._reader.start()
        self.pid = 0

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._told.put(json.loads(line))

    def heard(self) -> Iterator[dict[str, Any]]:
        """What it told since the last look. Raises `CommandError` where it has trouble, or has ended."""
        exit_code = self._process.poll()
        with suppress(Empty):
            while True:
                message = self._told.get_nowait()
                if "trouble" in message:
                    raise CommandError(f"Node's {self.name} has trouble: {message['trouble']}", 1)
                if "ready" in message:
                    self.pid = message["ready"]
                yield message
        if exit_code is not None:
            raise CommandError(f"Node's {self.name} ended with code {exit_code}", 1)

    def tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def end(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()


@dataclass(frozen=True)
class Ended:
    """How Node heard a job of its own end."""

    state: str
    result: Any


class NodeSide:
    """The producer and the worker, and what they have told."""

    def __init__(self, folder: Path, url: str, parts: Sequence[Part], created: Callable[[int, str], object]) -> None:
        options = {"redis": url, "promotion": _PROMOTION}
        slots = {part.type: part.slots for part in parts if "node" in part.runners}
        self._is_created = created
        self._asked: list[Planned] = []
        self._ended: dict[int, Ended] = {}
        self.created: dict[int, Planned] = {}
        self.retries = 0
        self.runs: Counter[int] = Counter()
        self._producer = Script(folder, "producer.js", options)
        self._worker = Script(folder, "worker.js", options, slots)

    @property
    def is_ready(self) -> bool:
        return bool(self._producer.pid and self._worker.pid)

    @property
    def is_done(self) -> bool:
        """Whether everything asked for was created, and heard to end."""
        return len(self.created) == len(self._ended) == len(self._asked)

    def create(self, planned: Planned) -> None:
        """Have a job created in Node."""
        key = len(self._asked)
        self._asked.append(planned)
        what = {"type": planned.type, "data": planned.data, "options": planned.options}
        self._producer.tell({"key": key, **what})

    def hear(self) -> None:
        """Take in what both have told. Raises `CommandError`."""
        for message in self._producer.heard():
            if "created" in message:
                planned = self._asked[message["created"]]
                planned.id = message["id"]
                self.created[message["id"]] = planned
                self._is_created(message["id"], planned.type)
            elif "retried" in message:
                self.retries += 1
            elif "ended" in message:
                self._ended[message["ended"]] = Ended(message["state"], message.get("result"))
        for message in self._worker.heard():
            if "ran" in message:
                self.runs[message["ran"]] += 1

    @property
    def outcomes(self) -> dict[int, Ended]:
        """How Node heard the jobs end that it created, by their ids."""
        return {job.id: self._ended[key] for key, job in enumerate(self._asked) if job.id and key in self._ended}

    def close(self) -> None:
        """End both."""
        self._producer.end()
        self._worker.end()
