"""The threads that plain handlers run on: as many as handlers run at once, each used again for the next run.

A plain handler cannot be stopped. If its run is abandoned (at its ttl, or at the deadline of a shutdown), its thread is
a stray until the handler returns, and a new thread takes its place.

Libraries that limit the time of a handler throw an exception into its thread, perhaps too late: into a thread that
waits, or that has the next run. So each thread keeps its run where such an exception cannot lose it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from kue.errors import ForkedChild

if TYPE_CHECKING:
    from kue.worker.run import Run


class _HandlerThread:
    """What a thread works on. `wakeup` gets an item for each change of `run`."""

    __slots__ = ("ended", "run", "thrown", "wakeup")

    def __init__(self, run: Run) -> None:
        self.run: Run | None = run
        self.wakeup: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.thrown: BaseException | None = None  # into this thread, outside of a handler
        self.ended = False


class HandlerThreads:
    """A thread pool without a limit of its own: the slots are the limit. Only one thread calls `submit`.

    `thrown` is called if an exception was thrown into the thread of a run, and not into its handler.
    """

    def __init__(self, execute: Callable[[Run], None], thrown: Callable[[Run, BaseException], None]) -> None:
        self._execute = execute
        self._thrown = thrown
        self._lock = threading.RLock()
        self._idle: dict[_HandlerThread, None] = {}
        self._stopping = False

    def submit(self, run: Run) -> None:
        """Have a run executed, on an idle thread or a new one. Raises `RuntimeError` if no thread can be started."""
        run.executing = True
        with self._lock:
            if self._idle:
                thread, _ = self._idle.popitem()
                thread.run = run
                thread.wakeup.put(None)
                return
        try:
            threading.Thread(target=self._work, args=(_HandlerThread(run),), name="kue-handler", daemon=True).start()
        except BaseException:
            run.executing = False
            raise

    def _work(self, thread: _HandlerThread) -> None:
        try:
            while not thread.ended:
                try:
                    self._serve(thread)
                except ForkedChild:  # the handler forked, and this is the child: nothing here is its own
                    thread.ended = True
                    raise
                except BaseException as thrown:
                    thread.thrown = thrown
        finally:
            if not thread.ended:  # one exception more, between the lines above
                self._leave(thread)

    def _serve(self, thread: _HandlerThread) -> None:
        """Wait for a run if there is none, and execute it. If the last call was cut short, go on from there."""
        if thread.run is None:
            thread.thrown = None
            with self._lock:
                if self._stopping:
                    thread.ended = True
                    return
                if thread.run is None:  # or `submit` gave it one, since it was idle before it was cut short
                    self._idle[thread] = None
            thread.wakeup.get()
        run = thread.run
        if run is None:
            return
        if thread.thrown is None:
            self._execute(run)
        else:
            self._thrown(run, thread.thrown)
        run.executing = False
        thread.thrown = thread.run = None

    def _leave(self, thread: _HandlerThread) -> None:
        with self._lock:
            self._idle.pop(thread, None)
        if (run := thread.run) is not None:
            self._thrown(run, thread.thrown or RuntimeError("the thread ended"))
            run.executing = False

    def stop(self) -> None:
        """End the idle threads now, and each busy one when its handler returns."""
        with self._lock:
            self._stopping = True
            idle = list(self._idle)
            self._idle.clear()
        for thread in idle:
            thread.wakeup.put(None)
