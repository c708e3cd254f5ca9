"""The lease of a process: until when it counts as valid, and when it is renewed."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.common.flag import Flag
from kue.errors import ConnectionFailed
from kue.store.worker_id import new_process
from kue.worker.lease import Lease
from tests.helpers import wait_until

LENGTH = 60.0
BETWEEN_RENEWALS = LENGTH / 3


class Place:
    """A lease whose time is moved by hand, and a store that answers as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.answer_seconds = 0.0
        self.failures = 0
        self.requests = self.renewals = 0
        self.waits: list[tuple[float, bool]] = []  # after each request: the seconds, and whether it is over already
        monkeypatch.setattr("kue.worker.lease.steady", lambda: self.now)
        monkeypatch.setattr("kue.worker.lease.Flag", lambda: NotedFlag(self.waits))
        runtime: Any = SimpleNamespace(
            store=self,
            fleet=SimpleNamespace(seen=lambda *versions: None),
            options=SimpleNamespace(lease=1000 * LENGTH, ghost_retries=2, ghost_delay=0),
            error_reporter=ErrorReporter(lambda problem: None),
        )
        self.lease = Lease(runtime, new_process(), lambda: {"email": 1}, self._renewed)

    def renew_lease(self, *args: Any) -> int | None:
        self.requests += 1
        if self.failures:
            self.failures -= 1
            raise ConnectionFailed("Redis is away")
        self.now += self.answer_seconds
        return None

    def versions(self) -> tuple[()]:
        return ()

    def end_lease(self, process: str) -> None: ...

    def _renewed(self, lapsed: bool) -> None:
        self.renewals += 1


class NotedFlag(Flag):
    """Notes each wait. Those after a failure take no time."""

    def __init__(self, waits: list[tuple[float, bool]]) -> None:
        super().__init__()
        self._waits = waits

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._waits.append((timeout, self.is_set()))
        return super().wait(timeout if timeout >= BETWEEN_RENEWALS else 0)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    place = Place(monkeypatch)
    yield place
    place.lease.stop()


def test_a_lease_is_valid_for_its_length_from_the_request_though_the_answer_came_late(place: Place) -> None:
    place.answer_seconds = 20
    place.lease.start()
    wait_until(lambda: place.renewals == 1)
    place.now = 1000 + LENGTH - 0.1
    assert place.lease.is_valid
    place.now = 1000 + LENGTH + 0.1
    assert not place.lease.is_valid


def test_a_renewal_that_failed_is_tried_again_soon(place: Place) -> None:
    place.failures = 3
    place.lease.start()
    wait_until(lambda: len(place.waits) == 4)
    assert (place.requests, place.renewals) == (4, 1)
    assert [seconds < 1 for seconds, _ in place.waits] == [True, True, True, False]


def test_the_waits_after_failures_begin_anew_with_each_outage(place: Place) -> None:
    place.failures = 10
    place.lease.start()
    wait_until(lambda: len(place.waits) == 11)
    assert place.waits[9][0] > 1
    place.failures = 1
    place.lease.renew_soon()
    wait_until(lambda: len(place.waits) == 13)
    assert place.waits[11][0] < 0.1


def test_a_change_of_the_record_renews_the_lease_once(place: Place) -> None:
    place.lease.start()
    wait_until(lambda: len(place.waits) == 1)
    place.lease.renew_soon()
    wait_until(lambda: len(place.waits) >= 2)
    assert place.waits[:2] == [(BETWEEN_RENEWALS, False)] * 2
