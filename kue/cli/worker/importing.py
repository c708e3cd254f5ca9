"""Imports the module of a worker. No job is taken meanwhile, and a signal ends it at once, as nothing can be lost."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from kue.cli.console import CommandError
from kue.cli.worker.locate import find_queue
from kue.cli.worker.serving import AT_ONCE, stop_all
from kue.cli.worker.signals import Signals, Stopped
from kue.queue.queue import Queue
from kue.worker.intake import IMPORTING, intake

# How long the module has to clean up after a signal. The process ends within two seconds in any case.
_CLEAN_UP_SECONDS = 1.5


@contextlib.contextmanager
def imported(target: str, signals: Signals) -> Iterator[Queue]:
    """A block with the queue of the module, after which jobs are taken.

    Raises `CommandError` if there is no such queue, and `Stopped` at a signal. What the module made is shut down then.
    """
    with intake.closed(IMPORTING):
        watch = _Watch(signals)
        try:
            with signals.interrupting():
                queue = find_queue(target)
        except CommandError:
            watch.end()
            stop_all(AT_ONCE)
            raise
        except Stopped:
            watch.noticed.wait()
            stop_all(AT_ONCE)
            raise
        watch.end()
        yield queue


class _Watch:
    """Ends the process soon after a signal, whatever the module does until `end`.

    The module may catch `Stopped`, or be in a call that waits on though a signal has come.
    """

    def __init__(self, signals: Signals) -> None:
        self.noticed = threading.Event()  # from then on it does not use `signals`
        self._over = threading.Event()
        self._signals = signals
        self._thread = threading.Thread(target=self._run, name="kue-import", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        arrived = self._signals.wait_for_arrival()
        self.noticed.set()
        if arrived and not self._over.wait(_CLEAN_UP_SECONDS):
            os._exit(0)

    def end(self) -> None:
        self._over.set()
        self._signals.wake()
        self._thread.join()
