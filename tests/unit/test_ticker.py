"""The thread of the periodic duties: each has its turns, and none holds up or ends the others."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.errors import ConnectionFailed, ConnectionRestored, KueError, Recovered, RedisRefused
from kue.maintenance.ticker import Ticker
from tests.helpers import wait_until

OFTEN, NEVER = 0.001, 3600.0


class Duty:
    """Notes its rounds; `round(n)` says what the n-th does."""

    def __init__(self, interval: float = OFTEN, round: Callable[[int], bool] = lambda n: False) -> None:
        self.interval = interval
        self.round = round
        self.rounds: list[int] = []

    def run_once(self, now: int) -> bool:
        self.rounds.append(now)
        return self.round(len(self.rounds))


class Other(Duty):
    """Duties are told apart by their class."""


class Place:
    def __init__(self) -> None:
        self.told: list[BaseException] = []
        self.tickers: list[Ticker] = []

    def start(self, *duties: Duty, clock: Callable[[], int] = lambda: 7) -> Ticker:
        ticker = Ticker(list(duties), ErrorReporter(self.told.append), clock)
        self.tickers.append(ticker)
        ticker.start()
        return ticker


@pytest.fixture
def place(no_leaks: None) -> Iterator[Place]:
    place = Place()
    yield place
    for ticker in place.tickers:
        ticker.stop()


def test_every_duty_has_its_turns_with_the_time_of_the_clock(place: Place) -> None:
    counter = itertools.count(100)
    one, two = Duty(), Duty()
    ticker = place.start(one, two, clock=lambda: next(counter))
    wait_until(lambda: len(one.rounds) > 20 and len(two.rounds) > 20)
    ticker.stop()
    assert sorted(one.rounds + two.rounds) == list(range(100, 100 + len(one.rounds) + len(two.rounds)))
    assert one.rounds == sorted(one.rounds)


def test_a_duty_waits_for_its_interval_before_its_first_round(place: Place) -> None:
    rare, often = Duty(NEVER), Duty()
    place.start(rare, often)
    wait_until(lambda: len(often.rounds) > 20)
    assert rare.rounds == []


def test_a_full_round_is_followed_by_the_next_at_once(place: Place) -> None:
    def full_three_times(n: int) -> bool:
        duty.interval = NEVER
        return n <= 3

    duty, other = Duty(round=full_three_times), Duty()
    place.start(duty, other)
    wait_until(lambda: len(duty.rounds) == 4)
    seen = len(other.rounds)
    wait_until(lambda: len(other.rounds) > seen + 20)
    assert len(duty.rounds) == 4


def test_a_duty_that_is_always_full_leaves_the_others_their_turns(place: Place) -> None:
    greedy, other = Duty(round=lambda n: True), Duty()
    place.start(greedy, other)
    wait_until(lambda: len(other.rounds) > 20 and len(greedy.rounds) > 20)


def failing(problem: Exception, times: int = 10**9) -> Callable[[int], bool]:
    def round(n: int) -> bool:
        if n <= times:
            raise problem
        return False

    return round


def test_a_duty_that_is_refused_again_and_again_is_reported_once_and_the_others_go_on(place: Place) -> None:
    refused = RedisRefused("Redis refused: NOPERM")
    bad, good = Duty(round=failing(refused)), Other()
    place.start(bad, good)
    wait_until(lambda: len(bad.rounds) > 20 and len(good.rounds) > 20)
    assert place.told == [refused]


def test_a_duty_that_works_again_is_reported_once(place: Place) -> None:
    bad = Duty(round=failing(RedisRefused("Redis refused: NOPERM"), times=5))
    place.start(bad)
    wait_until(lambda: len(bad.rounds) > 20)
    assert [type(problem) for problem in place.told] == [RedisRefused, Recovered]
    assert str(place.told[1]) == "ticker: Duty goes on as before"


def test_an_outage_is_reported_once_for_all_duties_and_is_over_with_the_first_that_succeeds(place: Place) -> None:
    down = threading.Event()
    down.set()

    def round(n: int) -> bool:
        if down.is_set():
            raise ConnectionFailed("cannot reach Redis")
        return False

    duties = [Duty(round=round), Other(round=round)]
    place.start(*duties)
    wait_until(lambda: all(len(duty.rounds) > 10 for duty in duties))
    assert [type(problem) for problem in place.told] == [ConnectionFailed]
    down.clear()
    wait_until(lambda: len(place.told) == 2)
    seen = [len(duty.rounds) for duty in duties]
    wait_until(lambda: all(len(duty.rounds) > n + 10 for duty, n in zip(duties, seen, strict=True)))
    assert [type(problem) for problem in place.told] == [ConnectionFailed, ConnectionRestored]


def test_a_duty_with_a_long_interval_is_not_the_last_to_see_that_redis_is_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.maintenance.ticker._MAX_RETRY_SECONDS", 0.05)

    def round(n: int) -> bool:
        duty.interval = NEVER
        if n == 1:
            raise ConnectionFailed("cannot reach Redis")
        return False

    duty = Duty(round=round)
    place.start(duty)
    wait_until(lambda: len(place.told) == 2)
    assert [type(problem) for problem in place.told] == [ConnectionFailed, ConnectionRestored]


def test_an_outage_is_reported_also_while_a_duty_is_refused_for_good(place: Place) -> None:
    refused, down = RedisRefused("Redis refused: NOPERM"), ConnectionFailed("cannot reach Redis")
    problems: list[Exception] = [refused]

    def round(n: int) -> bool:
        raise problems[0]

    duty = Duty(round=round)
    place.start(duty)
    wait_until(lambda: place.told == [refused])
    problems[0] = down
    wait_until(lambda: len(place.told) == 2)
    assert place.told == [refused, down]


def test_an_unexpected_exception_ends_neither_the_thread_nor_the_duty(place: Place) -> None:
    bad, good = Duty(round=failing(ZeroDivisionError("by zero"), times=3)), Other()
    place.start(bad, good)
    wait_until(lambda: len(bad.rounds) > 20 and len(good.rounds) > 20)
    assert [(type(problem), str(problem)) for problem in place.told] == [
        (KueError, "unexpected error in ticker: Duty: ZeroDivisionError: by zero"),
        (Recovered, "ticker: Duty goes on as before"),
    ]


def test_a_duty_may_be_added_while_it_runs_and_is_not_kept_waiting(place: Place) -> None:
    ticker = place.start(Duty(NEVER))
    late = Duty()
    ticker.add(late)
    wait_until(lambda: len(late.rounds) > 20)


def test_a_duty_added_twice_has_the_turns_of_one(place: Place) -> None:
    at_once: list[int] = []

    def round(n: int) -> bool:
        at_once.append(n)
        duty.interval = NEVER
        return False

    duty = Duty(round=round)
    ticker = place.start(duty)
    for _ in range(3):
        ticker.add(duty)
    other = Duty()
    ticker.add(other)
    wait_until(lambda: len(other.rounds) > 50)
    assert at_once == [1]


def test_stop_ends_the_thread_at_once_however_long_the_wait(place: Place) -> None:
    duty = Duty(NEVER)
    ticker = place.start(duty)
    began = time.monotonic()
    ticker.stop()
    assert time.monotonic() - began < 3
    assert "kue-ticker" not in [thread.name for thread in threading.enumerate()]
    assert duty.rounds == []


def test_stop_between_two_duties_leaves_out_the_second(place: Place) -> None:
    def round(n: int) -> bool:
        place.tickers[0].stop()  # from the thread itself: it does not wait
        return True

    first, second = Duty(0.0, round=round), Duty(0.0005)
    place.start(first, second)
    wait_until(lambda: "kue-ticker" not in [thread.name for thread in threading.enumerate()])
    assert len(first.rounds) == 1
    assert second.rounds == []


def test_a_stop_while_a_duty_runs_ends_the_thread_however_long_the_next_wait(place: Place) -> None:
    def round(n: int) -> bool:
        duty.interval = NEVER
        stopping = threading.Thread(target=place.tickers[0].stop, args=(0,))
        stopping.start()
        stopping.join()
        return False

    duty = Duty(round=round)
    place.start(duty)
    wait_until(lambda: "kue-ticker" not in [thread.name for thread in threading.enumerate()])
    assert len(duty.rounds) == 1


def test_a_ticker_that_never_started_can_be_stopped() -> None:
    Ticker([Duty()], ErrorReporter(lambda problem: None), lambda: 0).stop()


def test_turns_have_jitter_of_a_tenth(place: Place) -> None:
    ticker = Ticker([], ErrorReporter(lambda problem: None), lambda: 0)
    before = time.monotonic()
    turns = [ticker._next_due(Duty(1000.0)) for _ in range(500)]
    after = time.monotonic()
    assert before + 900 <= min(turns) < max(turns) <= after + 1100
    assert max(turns) - min(turns) > 150


def test_a_duty_may_have_no_jitter() -> None:
    duty = Duty(1000.0)
    duty.jitter = 0.0  # type: ignore[attr-defined]
    ticker = Ticker([], ErrorReporter(lambda problem: None), lambda: 0)
    before = time.monotonic()
    assert before + 1000 <= ticker._next_due(duty) <= time.monotonic() + 1000


def test_a_round_may_be_brought_forward(place: Place) -> None:
    duty, stranger = Duty(NEVER), Duty(NEVER)
    ticker = place.start(duty)
    ticker.hasten(duty)
    ticker.hasten(stranger)
    wait_until(lambda: len(duty.rounds) == 1)
    assert stranger.rounds == []


def test_a_round_that_is_brought_forward_during_another_follows_it(place: Place) -> None:
    def hasten_once(n: int) -> bool:
        duty.interval = NEVER
        if n == 1:
            place.tickers[0].hasten(duty)
        return False

    duty = Duty(round=hasten_once)
    place.start(duty)
    wait_until(lambda: len(duty.rounds) == 2)
