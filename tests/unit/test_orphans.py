"""The search for jobs that were taken without a reply: when it looks, what it asks for, and when it is over."""

from typing import Any

import pytest
from redis.exceptions import ResponseError

from kue.common.timer_queue import TimerQueue
from kue.stats.type_counts import TypeCounts
from kue.store.keys import Keys
from kue.store.transitions import Transitions
from kue.worker.io.calls import Call
from kue.worker.io.orphans import OrphanSearch

PROCESS = "kue:host:7-beef00011"
LEASE = 30.0
SOON, LATER = 1.0, 1.2 * LEASE  # after which a fleet of one has asked for its page, and looks once more
FIRST_PAGE, NEXT_PAGE = b"0", b"17"
ARGUMENTS = ("prefix", "type", "type_json", "stem", "cursor", "count", "now", "line")


class FakeStore:
    transitions = Transitions(Keys("q"))

    @staticmethod
    def clock() -> int:
        return 5


class FakeRuntime:
    store = FakeStore()
    counters: Any = None

    class fleet:
        size = 1

    class options:
        lease = 1000 * LEASE


class Desk:
    """A search whose time is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        runtime: Any = FakeRuntime()
        runtime.counters = self
        self.counts = TypeCounts()
        self.timers = TimerQueue(lambda: self.now)
        self.search = OrphanSearch(runtime, PROCESS, self.timers)

    def calls(self, after: float = 0.0) -> list[Call]:
        """What it asks for once some seconds have passed."""
        found = self.search.calls()
        self.now += after
        self.timers.run_due()
        return found + self.search.calls()

    def of(self, type: str) -> TypeCounts:
        """As `Counters` has it."""
        return self.counts

    def page(self, after: float = SOON) -> Call:
        [call] = self.calls(after)
        return call


@pytest.fixture
def desk() -> Desk:
    return Desk()


def asked(call: Call) -> dict[str, Any]:
    values = call.command[4:]
    runs = values[len(ARGUMENTS) :]
    return dict(zip(ARGUMENTS, values, strict=False)) | {"runs": list(zip(runs[::2], runs[1::2], strict=True))}


def test_nothing_is_asked_for_while_no_take_is_in_doubt(desk: Desk) -> None:
    assert desk.calls(10 * LEASE) == [] and desk.timers.wait(1e9) == 1e9


def test_the_runs_of_lost_takes_are_looked_for_type_by_type(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 9)
    desk.search.cut_off("pdf", 10, 10)
    desk.search.cut_off("email", 11, 12)
    pages = [asked(call) for call in desk.calls(SOON)]
    assert {(page["type"], page["stem"], *page["runs"]) for page in pages} == {
        ("email", f"{PROCESS}:email:", (5, 9), (11, 12)),
        ("pdf", f"{PROCESS}:pdf:", (10, 10)),
    }
    assert {page["line"] for page in pages} == {"put back: the reply to its take was lost"}


def test_it_looks_at_every_page_and_once_more_a_lease_later(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 9)
    for _ in range(2):
        first = desk.page(LATER)
        assert asked(first)["cursor"] == FIRST_PAGE
        first.answered([NEXT_PAGE, 0])
        last = desk.page()
        assert asked(last)["cursor"] == NEXT_PAGE
        last.answered([FIRST_PAGE, 1])
        assert desk.calls(0.9 * LEASE) == []
    assert desk.calls(10 * LEASE) == []


def test_a_second_late_take_is_looked_for_twice_as_well_while_the_first_is_looked_for(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 5)
    desk.page().answered([FIRST_PAGE, 0])
    assert desk.calls(0.5 * LEASE) == []
    desk.search.cut_off("email", 9, 9)
    for runs, after in (((9, 9), SOON), ((5, 5), 0.7 * LEASE), ((9, 9), 0.6 * LEASE)):
        page = desk.page(after)
        assert asked(page)["runs"] == [runs]
        page.answered([FIRST_PAGE, 0])
    assert desk.calls(10 * LEASE) == []


def test_another_connection_begins_a_look_anew(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 9)
    desk.page().answered([NEXT_PAGE, 0])
    desk.search.connected()
    assert asked(desk.page())["cursor"] == FIRST_PAGE


def test_a_page_that_was_cut_off_is_asked_for_again(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 9)
    desk.page().dropped(sent=True)
    desk.search.connected()
    assert asked(desk.page())["cursor"] == FIRST_PAGE


def test_a_look_that_is_refused_does_not_count(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 9)
    for _ in range(5):
        desk.page(LATER).answered(ResponseError("WRONGTYPE"))
    for _ in range(2):
        desk.page(LATER).answered([FIRST_PAGE, 0])
    assert desk.calls(LATER) == []


def test_refusals_that_follow_each_other_share_a_search_that_ends_a_lease_after_the_last(desk: Desk) -> None:
    desk.search.refused("email", 5, 5, again=False)
    for run in (6, 7, 8):
        page = desk.page(LATER)
        page.answered([FIRST_PAGE, 0])
        desk.search.refused("email", run, run, again=True)
    assert asked(desk.page(LATER))["runs"] == [(5, 8)]


def test_refusals_with_a_success_between_them_have_searches_of_their_own(desk: Desk) -> None:
    desk.search.refused("email", 5, 5, again=False)
    desk.page().answered([FIRST_PAGE, 0])
    desk.search.refused("email", 9, 9, again=False)
    assert asked(desk.page())["runs"] == [(9, 9)]


def test_a_large_fleet_rests_longer_and_starts_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeRuntime.fleet, "size", 1000)
    starts, rests = set(), set()
    for _ in range(50):
        desk = Desk()
        desk.search.cut_off("email", 5, 9)
        assert desk.calls() == []
        starts.add(round(desk.timers.wait(100), 2))
        desk.page(100).answered([NEXT_PAGE, 0])
        rests.add(round(desk.timers.wait(100), 2))
    assert len(starts) > 30 and max(starts) > 2.0
    assert len(rests) > 10 and 0.5 <= min(rests) < max(rests) <= 1.5


class FakeConnection:
    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.sent: list[Any] = []

    def exchange(self, commands: list[Any]) -> list[Any]:
        self.sent += commands
        return [self.replies.pop(0) for _ in commands]


def test_before_the_end_it_looks_for_all_that_is_in_doubt_without_a_rest(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 9)
    desk.page().answered([FIRST_PAGE, 0])  # would be looked for once more a lease later
    desk.search.cut_off("pdf", 10, 10)
    connection: Any = FakeConnection([NEXT_PAGE, 0], [FIRST_PAGE, 1], ResponseError("WRONGTYPE"))
    desk.search.finish(connection, lambda: False)
    assert [(command[5], command[8]) for command in connection.sent] == [
        ("email", FIRST_PAGE),
        ("email", NEXT_PAGE),
        ("pdf", FIRST_PAGE),
    ]


def test_a_process_that_has_no_time_left_looks_no_more(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 9)
    connection: Any = FakeConnection()
    desk.search.finish(connection, lambda: True)
    assert connection.sent == []


def test_jobs_that_have_failed_since_they_were_cancelled_are_counted(desk: Desk) -> None:
    desk.search.cut_off("email", 5, 9)
    desk.page().answered([NEXT_PAGE, 3, 2])
    desk.page().answered([FIRST_PAGE, 1])
    assert desk.counts.drain() == {"cancelled": 2}
