"""The thread that closes connections which were idle for too long, even if the process makes no further call.

It runs only while there are connections for calls. It steps aside for every fork: a process that only saves jobs has
one thread when it forks, and Python does not warn of threads that the child would lack.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from kue.common.flag import Flag

_FORK_WAIT_SECONDS = 1.0
_fork_lock = threading.RLock()  # held during a fork, so that no thread is started or stopped meanwhile
_running: dict[threading.Thread, IdleCloser] = {}
_paused: list[IdleCloser] = []


class IdleCloser:
    """Calls `close_expired` until it returns None, or until `stop`.

    `close_expired` returns the seconds until it is to be called again.
    """

    def __init__(self, close_expired: Callable[[], float | None]) -> None:
        self._close_expired = close_expired
        self._stop = Flag()
        self._thread: threading.Thread | None = None

    def start(self) -> bool:
        """Start a thread, in place of the last one. Returns False if the system gives none, as at the process's end."""
        with _fork_lock:
            self._stop.set()  # the last thread may be about to end, or was started again after a fork
            self._stop = Flag()
            thread = threading.Thread(target=self._run, args=[self._stop], name="kue-idle", daemon=True)
            _running[thread] = self
            try:
                thread.start()
            except RuntimeError:
                del _running[thread]
                return False
            self._thread = thread
        return True

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread, if it runs, and wait for that at most `timeout` seconds."""
        with _fork_lock:
            self._stop.set()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _run(self, stop: Flag) -> None:
        try:
            while not stop.is_set() and (seconds := self._close_expired()) is not None:
                stop.wait(seconds)
        finally:
            _running.pop(threading.current_thread(), None)


def _pause_all() -> None:
    _fork_lock.acquire()
    _paused[:] = set(_running.copy().values())
    for closer in _paused:
        closer.stop(_FORK_WAIT_SECONDS)


def _resume_all() -> None:
    for closer in _paused:
        closer.start()
    _fork_lock.release()


def _forget_all() -> None:
    """In a forked child: no thread runs here, and the connections are the parent's."""
    _running.clear()
    _paused.clear()
    _fork_lock.release()


os.register_at_fork(before=_pause_all, after_in_parent=_resume_all, after_in_child=_forget_all)
