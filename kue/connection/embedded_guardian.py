"""Keeps one server process running for exactly as long as standard input stays open.

It is run as a script and never imported, so that it loads only a little of the standard library:

    python -I embedded_guardian.py DIRECTORY COMMAND...

Standard input is a pipe that the owner holds open and never writes to. It closes when the owner ends in any
way. Standard output gets the server's process id on a line of its own and, once the server has ended, the end
of its log. An empty DIRECTORY means a temporary one.
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


def stop_at_end_of_input(server: subprocess.Popen[bytes], *, gently: bool) -> None:
    """Wait until the owner is gone, then end the server: at once, or `gently`, after it has written its data."""
    while os.read(0, 1024):
        pass
    if gently:
        server.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)
    server.kill()


def serve(directory: str, command: list[str], *, keep: bool) -> None:
    """Run the server in its directory until it ends. `keep` is whether its data is to be kept."""
    lock_descriptor = lock(directory)
    with open(os.path.join(directory, "valkey.log"), "w+b") as log:
        # The server shares the lock: even if this process is killed, no second server opens the directory.
        server = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock_descriptor],
        )
        os.write(1, b"%d\n" % server.pid)
        threading.Thread(target=stop_at_end_of_input, args=[server], kwargs={"gently": keep}, daemon=True).start()
        server.wait()
        log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
        with contextlib.suppress(OSError):
            os.write(1, log.read())


def main(directory: str, *command: str) -> None:
    """Make the directory, serve, and remove the directory if it is a temporary one."""
    os.dup2(1, 2)  # the owner reads our error messages, but not what the interpreter wrote before them
    # A signal to a whole service must not end the server while its owner is still shutting down. The server inherits
    # the blocked signals. It handles SIGINT itself, and that is the signal that stops it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP])
    runtime = directory or tempfile.mkdtemp(prefix="kue-embedded-")
    try:
        os.makedirs(runtime, exist_ok=True)
        serve(runtime, list(command), keep=bool(directory))
    except OSError as error:
        sys.exit(str(error))
    finally:
        if not directory:
            shutil.rmtree(runtime, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
