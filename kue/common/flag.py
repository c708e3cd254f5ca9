"""A flag that threads wait for, and that a signal handler may set, clear and wait for."""

from __future__ import annotations

import threading


class Flag:
    """Like `threading.Event`, whose lock a signal handler cannot take if the thread that it interrupted holds it."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        with self._changed:
            self._is_set = True
            self._changed.notify_all()

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds until the flag is set. Returns whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_set, timeout)
