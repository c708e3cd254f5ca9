"""The lease of a process: nothing is taken before it is granted, nor after it has run out."""

import threading
from typing import Any

import pytest

from kue.worker.lease import Lease
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

LEASE = 500


class Renewals:
    """The renewals of a queue's lease, which wait while they are held."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.granted = threading.Event()
        self.waiting = threading.Event()
        self._commands = Lease.commands

        def commands(lease: Lease) -> Any:
            return self._wait_and_renew(lease)

        monkeypatch.setattr(Lease, "commands", commands)

    def _wait_and_renew(self, lease: Lease) -> Any:
        if not self.granted.is_set():
            self.waiting.set()
            assert self.granted.wait(30)
        return self._commands(lease)


def rounds(queue: Any, count: int = 5) -> None:
    """Let the I/O thread make so many rounds, each of which takes what it may take."""
    wait_until(lambda: queue.health()["connected"])
    for _ in range(count):
        queue._pool.slots["email"].should_look = True
        queue._pool.loop.answers.settle_down(10)


def test_nothing_is_taken_before_the_lease_was_granted(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    renewals = Renewals(monkeypatch)
    job = queue.create("email").save()
    queue.process("email", lambda job: "done")
    assert renewals.waiting.wait(10)
    rounds(queue)
    assert queue.inactive() == [job.id]
    renewals.granted.set()
    wait_until(lambda: queue.complete() == [job.id])


def test_nothing_is_taken_after_the_lease_has_run_out(make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = make_queue(lease=LEASE)
    renewals = Renewals(monkeypatch)
    renewals.granted.set()
    queue.process("email", lambda job: "done")
    first = queue.create("email").save()
    wait_until(lambda: queue.complete() == [first.id])
    renewals.granted.clear()
    wait_until(lambda: renewals.waiting.is_set() and not queue._pool.lease.is_valid)
    second = queue.create("email").save()
    rounds(queue)
    assert queue.inactive() == [second.id]
    renewals.granted.set()
    wait_until(lambda: queue.complete() == [first.id, second.id])
