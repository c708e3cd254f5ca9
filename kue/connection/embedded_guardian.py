"""Keeps one server process running for exactly as long as standard input stays open.

It is run as a script and never imported, so that it loads only a little of the standard library:

    python -I embedded_guardian.py DIRECTORY COMMAND...

Standard input is a pipe that the owner holds open. It closes when the owner ends in any way. First the owner writes the
settings to it that other users must not see, up to a zero byte. Standard output gets the path of the server's socket on
a line of its own and, once the server has ended, the end of its log. An empty DIRECTORY means a temporary one.

Nothing that is made here can be read by other users.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

LOCK_SECONDS = 3.0
STOP_SECONDS = 10.0
LOG_BYTES = 4096
MAX_SOCKET_PATH_BYTES = 100  # systems allow 103 or 107
SHORT_FOLDER = "/tmp"  # if the usual place of temporary folders has a longer path
OURS = {"kue.lock", "valkey.log", "appendonlydir"}


def lock(directory: str) -> int:
    """Lock the directory, and give its previous server time to end. The lock lasts as long as the descriptor."""
    descriptor = os.open(os.path.join(directory, "kue.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.exit(f"the directory {directory} is in use by another embedded server")
        time.sleep(0.01)


def read_settings() -> bytes:
    """The settings from the owner, up to the zero byte. Ends this process if the owner has ended."""
    settings = b""
    while not settings.endswith(b"\0"):
        read = os.read(0, 4096)
        if not read:
            sys.exit(1)
        settings += read
    return settings.removesuffix(b"\0")


def private_folder() -> str:
    """A new folder that only this user may enter, with a path that is short enough for a socket."""
    folder = tempfile.mkdtemp(prefix="kue-embedded-")
    if len(os.fsencode(os.path.join(folder, "socket"))) > MAX_SOCKET_PATH_BYTES:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="kue-embedded-", dir=SHORT_FOLDER)
    return folder


def make_private(directory: str) -> None:
    """Make a directory of data, or keep other users from reading the data in one that was made before.

    A directory that holds anything else as well keeps its own mode: it may be a home, or that of temporary files.
    """
    os.makedirs(directory, exist_ok=True)
    found = set(os.listdir(directory))
    paths = [os.path.join(directory, name) for name in found.intersection(OURS)]
    if found <= OURS:
        paths.append(directory)
    append_only = os.path.join(directory, "appendonlydir")
    if os.path.isdir(append_only) and not os.path.islink(append_only):
        paths += [os.path.join(append_only, name) for name in os.listdir(append_only)]
    for path in paths:
        if not os.path.islink(path):
            with contextlib.suppress(PermissionError):  # it belongs to another user, who lets this one write there
                os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)


def stop_at_end_of_input(server: subprocess.Popen[bytes], *, gently: bool) -> None:
    """Wait until the owner is gone, then end the server: at once, or `gently`, after it has written its data."""
    while os.read(0, 1024):
        pass
    if gently:
        server.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)
    server.kill()


def serve(directory: str, command: list[str], settings: bytes, path: str, *, keep: bool) -> None:
    """Run the server in its directory until it ends. `path` is its socket, `keep` is whether its data is to be kept."""
    lock_descriptor = lock(directory)
    with open(os.path.join(directory, "valkey.log"), "w+b") as log:
        # The server shares the lock: even if this process is killed, no second server opens the directory.
        server = subprocess.Popen(
            [*command, "--unixsocket", path, "-"],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[lock_descriptor],
        )
        assert server.stdin is not None
        with contextlib.suppress(BrokenPipeError), server.stdin:
            server.stdin.write(settings)
        os.write(1, os.fsencode(path) + b"\n")
        threading.Thread(target=stop_at_end_of_input, args=[server], kwargs={"gently": keep}, daemon=True).start()
        server.wait()
        log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
        with contextlib.suppress(OSError):
            os.write(1, log.read())


def main(directory: str, *command: str) -> None:
    """Make the folders, serve, and remove those that are temporary."""
    os.umask(0o077)
    os.dup2(1, 2)  # the owner reads our error messages, but not what the interpreter wrote before them
    # A signal to a whole service must not end the server while its owner is still shutting down. The server inherits
    # the blocked signals. It handles SIGINT itself, and that is the signal that stops it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP])
    settings = read_settings()
    folder = private_folder()
    try:
        if directory:
            make_private(directory)
        serve(directory or folder, list(command), settings, os.path.join(folder, "socket"), keep=bool(directory))
    except OSError as error:
        sys.exit(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
