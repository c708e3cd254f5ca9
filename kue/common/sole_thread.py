"""A thread that starts once, when it is first needed. Any thread may start it, and a signal handler may."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_OWNER = "owner"


class SoleThread:
    """Runs `target` on one daemon thread, from the first `start`.

    It takes no lock. A signal handler that interrupts a start and needs the thread would wait for that lock, or for a
    thread that the interrupted start has not started yet. So each of them starts a thread of its own. The first thread
    that runs becomes the owner, and the others end at once.
    """

    def __init__(self, target: Callable[[], object], name: str) -> None:
        self._target = target
        self._name = name
        self._owner: dict[str, threading.Thread | None] = {}  # one entry, which `setdefault` makes in one step
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the thread, unless it has an owner or was retired. Raises `RuntimeError` if none can be started."""
        if not self._owner:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self) -> None:
        me = threading.current_thread()
        if self._owner.setdefault(_OWNER, me) is me:
            self._target()

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return self._owner.get(_OWNER) is threading.current_thread()

    @property
    def is_alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def retire(self) -> bool:
        """Start no thread from now on. Returns whether one was started before; it may still run."""
        if any(thread.ident is not None for thread in self._threads):
            return True  # one of these is the owner, or will be
        return self._owner.setdefault(_OWNER, None) is not None

    def join(self, timeout: float) -> None:
        """Wait at most `timeout` seconds for the end of the thread, except on the thread itself."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
