"""The lease of a process: until when it counts as valid, and when it is renewed."""

from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ResponseError

from kue.common.error_reporter import ErrorReporter
from kue.errors import RedisRefused
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.store.transitions import Transitions
from kue.store.worker_id import new_process
from kue.worker.lease import Lease

LENGTH = 60.0
BETWEEN_RENEWALS = LENGTH / 3
NO_VERSIONS: Any = [[], []]


class Place:
    """A lease whose time is moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.renewals: list[bool] = []  # whether the lease had run out before
        self.ended: list[str] = []
        self.types = {"email": 1}
        self.busy = 0
        self.seen: list[dict[str, int]] = []
        self.reported: list[str] = []
        monkeypatch.setattr("kue.worker.lease.steady", lambda: self.now)
        keys = Keys("q")
        self.clock = SimpleNamespace(is_due=False)
        store = SimpleNamespace(
            transitions=Transitions(keys),
            commands=Commands(keys),
            connections=SimpleNamespace(server_clock=self.clock),
            clock=lambda: 7000,
            end_lease=self.ended.append,
        )
        runtime: Any = SimpleNamespace(
            store=store,
            fleet=SimpleNamespace(seen=lambda versions, newer: self.seen.append(versions)),
            options=SimpleNamespace(lease=1000 * LENGTH, ghost_retries=2, ghost_delay=0),
            error_reporter=ErrorReporter(lambda problem: self.reported.append(str(problem))),
        )
        self.process = new_process()
        self.lease = Lease(runtime, self.process, lambda: self.types, lambda: self.busy, self.renewals.append)

    def renew(self, left: Any = None, takes: float = 0.0, versions: Any = NO_VERSIONS) -> None:
        """A renewal that is answered after some seconds: so many ms were left of the lease."""
        commands = self.lease.commands()
        self.now += takes
        self.lease.answered([left, *[versions] * (len(commands) - 1)])


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(monkeypatch)


def test_a_lease_is_not_valid_before_it_is_granted(place: Place) -> None:
    assert not place.lease.is_valid and place.lease.due_in <= 0
    place.lease.commands()
    assert not place.lease.is_valid


def test_a_lease_is_valid_for_its_length_from_the_request_though_the_answer_came_late(place: Place) -> None:
    place.renew(takes=20)
    assert place.renewals == [False]
    place.now = 1000 + LENGTH - 0.1
    assert place.lease.is_valid
    place.now = 1000 + LENGTH + 0.1
    assert not place.lease.is_valid


def test_an_answer_that_comes_after_the_length_of_the_lease_makes_it_not_valid(place: Place) -> None:
    place.renew(takes=LENGTH + 1)
    assert not place.lease.is_valid


@pytest.mark.parametrize(("left", "lapsed"), [(None, True), (-5, True), (0, True), (7, False)])
def test_a_lease_that_becomes_valid_again_reports_whether_it_had_run_out_in_redis(
    place: Place, left: int | None, lapsed: bool
) -> None:
    place.renew()
    place.renew(left=40_000)
    assert place.renewals == [False], "the lease was valid all the time"
    place.now += LENGTH + 1
    place.renew(left=left)
    assert place.renewals == [False, lapsed]


def test_a_lease_is_renewed_three_times_in_its_length(place: Place) -> None:
    place.renew(takes=2)
    assert place.lease.due_in == BETWEEN_RENEWALS - 2


def test_a_renewal_that_failed_is_tried_again_soon_and_then_more_seldom(place: Place) -> None:
    waits = []
    for _ in range(10):
        place.lease.commands()
        place.lease.missed(sent=True)
        waits.append(place.lease.due_in)
    assert waits[0] < 0.1 and 1 < waits[9] < BETWEEN_RENEWALS
    place.renew()
    place.lease.commands()
    place.lease.missed(sent=True)
    assert place.lease.due_in < 0.1, "the waits begin anew with each outage"


def test_a_refused_renewal_grants_nothing(place: Place) -> None:
    with pytest.raises(RedisRefused):
        place.renew(left=ResponseError("OOM command not allowed"))
    assert not place.lease.is_valid and place.renewals == []


def test_a_change_of_the_record_has_the_lease_renewed_once(place: Place) -> None:
    place.renew()
    place.types = {"email": 1, "pdf": 2}
    place.lease.renew_soon()
    assert place.lease.due_in <= 0
    (command,) = place.lease.commands()
    assert b'{"email":1,"pdf":2}' in command
    assert place.lease.due_in == BETWEEN_RENEWALS


def test_a_change_while_the_record_is_read_has_the_lease_renewed_again(place: Place) -> None:
    def types() -> dict[str, int]:
        place.lease.renew_soon()  # as another thread may
        return {"email": 1}

    place.lease._types = types
    place.lease.commands()
    assert place.lease.due_in <= 0


def test_the_versions_of_the_fleet_are_asked_for_with_every_third_renewal(place: Place) -> None:
    counts = []
    for _ in range(7):
        counts.append(len(place.lease.commands()))
        place.renew(versions=[[b"9.9", 2], []])
        place.now += BETWEEN_RENEWALS
    assert counts == [2, 1, 1, 2, 1, 1, 2]
    assert place.seen == [{"9.9": 2}] * 3


def test_a_lease_is_renewed_within_a_second_while_the_number_of_busy_slots_changes(place: Place) -> None:
    place.renew()
    place.busy = 3
    assert place.lease.due_in == 1
    place.now += 1
    (command,) = place.lease.commands()
    assert command[-4:] == ("busy", 3, "started", 7000)
    assert place.lease.due_in == BETWEEN_RENEWALS


def test_versions_that_cannot_be_read_are_reported_and_the_lease_is_no_worse_for_it(place: Place) -> None:
    place.renew(versions=ResponseError("WRONGTYPE"))
    assert place.lease.is_valid and place.seen == []
    assert place.reported == ["Redis refused: WRONGTYPE"]


def test_the_time_of_the_server_is_asked_for_with_each_renewal(place: Place) -> None:
    place.lease.commands()
    assert place.clock.is_due


@pytest.mark.parametrize("gives_up", [True, False])
def test_a_lease_ends_in_redis_only_if_it_was_given_up(place: Place, gives_up: bool) -> None:
    place.renew()
    if gives_up:
        place.lease.give_up()
    place.lease.stopped()
    assert not place.lease.is_valid
    assert place.ended == [place.process] * gives_up
