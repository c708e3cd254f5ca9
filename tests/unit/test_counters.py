"""What a process counts: when it goes to Redis, what becomes of it if Redis does not take it, and of which types."""

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ResponseError

from kue.common.error_reporter import ErrorReporter
from kue.connection.connection import Command
from kue.errors import ConnectionFailed
from kue.stats.counters import Counters
from kue.stats.names import MAX_NAMED_TYPES
from kue.store.keys import Keys

MINUTE = 1_700_003_700
Flushed = dict[str, dict[str, int]]


class Place:
    """Counters whose time is moved by hand, and a store that notes what it is sent."""

    def __init__(self, *, counts: bool = True) -> None:
        self.now = 1000.0
        self.wall = MINUTE * 1000 + 5
        self.reported: list[str] = []
        self.asked: list[Sequence[Command]] = []
        self.replies: Any = None
        store: Any = SimpleNamespace(keys=Keys("q"), clock=lambda: self.wall, ask=self._ask)
        reporter = ErrorReporter(lambda problem: self.reported.append(str(problem)))
        self.counters = Counters(store, reporter, counts, lambda: self.now)

    def _ask(self, commands: Sequence[Command]) -> list[Any]:
        self.asked.append(commands)
        if isinstance(self.replies, Exception):
            raise self.replies
        return [6] * len(commands)

    def counted(self) -> dict[int, Flushed]:
        """What is to be sent now, by minute and type. It stays unanswered."""
        found: dict[int, Flushed] = {}
        for command in self.counters.commands():
            found.setdefault(int(command[5]), {}).update(flushed(command))
        return found


def flushed(command: Command) -> Flushed:
    rest = list(command[6:])
    found: Flushed = {}
    while rest:
        type, longest, count = rest[:3]
        pairs = rest[3 : 3 + 2 * int(count)]
        counters = dict(zip(pairs[::2], pairs[1::2], strict=True))
        found[bytes(type).decode() if isinstance(type, bytes) else str(type)] = counters | {"max": longest}  # type: ignore[dict-item]
        del rest[: 3 + 2 * int(count)]
    return found


@pytest.fixture
def place() -> Place:
    return Place()


def test_what_happened_is_counted_by_type_and_for_all_types(place: Place) -> None:
    email, pdf = place.counters.of("email"), place.counters.of("pdf")
    email.created.extend([1, 500])
    email.takes.append((1000, [b"1000", b"995"]))
    email.takes.append((2000, [b"1995"]))
    email.completed.extend([7, 7, 100])
    pdf.outcomes["failed"].append(1000)
    pdf.outcomes["retried"].append(3)
    pdf.outcomes["snoozed"].append(9999)
    pdf.outcomes["ghosts"].append(9999)
    pdf.outcomes["cancelled"].append(9999)
    [(minute, found)] = place.counted().items()
    assert minute == MINUTE
    assert found["email"] == {
        **{"created": 501, "started": 3, "wait": 10, "w-1": 1, "w4": 2},
        **{"completed": 3, "run": 114, "r5": 2, "r13": 1, "max": 100},
    }
    assert found["pdf"] == {
        **{"failed": 1, "retried": 1, "ghosts": 1, "snoozed": 1, "cancelled": 1},
        **{"run": 1003, "r3": 1, "r19": 1, "max": 1000},
    }
    assert found["*"]["run"] == 1117 and found["*"]["max"] == 1000 and found["*"]["started"] == 3


def test_a_job_whose_hash_does_not_say_when_it_was_due_counts_as_a_start_only(place: Place) -> None:
    place.counters.of("email").takes.append((1000, [b"NaN", None, b"995", b"1007"]))
    assert place.counted()[MINUTE]["email"] == {"started": 4, "wait": 5, "w4": 1, "w-1": 1, "max": 0}


def test_counters_are_due_a_second_after_the_last_flush(place: Place) -> None:
    assert place.counters.due_in == 1
    place.now += 1
    assert place.counters.due_in == 0
    assert place.counters.commands() == ()
    assert place.counters.due_in == 1


def test_nothing_is_sent_twice_nor_while_a_flush_is_on_its_way(place: Place) -> None:
    place.counters.of("email").created.append(1)
    assert place.counted()[MINUTE]["email"]["created"] == 1
    place.counters.of("email").created.append(5)
    assert place.counted() == {}
    place.counters.answered([6])
    assert place.counted()[MINUTE]["email"]["created"] == 5


def test_a_flush_that_an_exception_has_cut_off_keeps_no_later_one_from_being_sent(place: Place) -> None:
    """A signal handler may raise between any two steps, such as before the thread that sends waits for the replies."""
    place.counters.of("email").created.append(1)
    place.counters.commands()
    place.counters.of("email").created.append(2)
    place.now += 59
    assert place.counters.commands() == ()
    place.now += 2
    assert place.counted()[MINUTE]["email"] == {"created": 2, "max": 0}, "and what was cut off may have been added"


def test_what_a_broken_connection_may_have_added_is_dropped(place: Place) -> None:
    place.counters.of("email").created.append(1)
    place.counters.commands()
    place.counters.missed(sent=True)
    assert place.counted() == {} and place.counters.due_in >= 1


@pytest.mark.parametrize("refused", [False, True])
def test_what_redis_did_not_take_is_added_later_to_the_minute_in_which_it_happened(place: Place, refused: bool) -> None:
    counts = place.counters.of("email")
    counts.completed.append(40)
    place.counters.commands()
    if refused:
        place.counters.answered([ResponseError("OOM command not allowed when used memory > 'maxmemory'")])
    else:
        place.counters.missed(sent=False)
    counts.completed.append(50)
    place.wall += 60_000
    counts.completed.append(6)
    found = place.counted()
    assert {minute: types["email"]["completed"] for minute, types in found.items()} == {MINUTE: 1, MINUTE + 60: 2}
    assert [types["*"]["max"] for types in found.values()] == [40, 50]
    assert place.reported == [], "a save or a take reports that"


def test_a_long_outage_keeps_no_more_than_ten_minutes(place: Place) -> None:
    for _ in range(30):
        place.counters.of("email").created.append(1)
        place.counters.commands()
        place.counters.missed(sent=False)
        place.wall += 60_000
    assert len(place.counted()) == 10


def test_a_refusal_for_good_is_reported_once_and_its_end_too(place: Place) -> None:
    for reply in (ResponseError("NOPERM no such right"), ResponseError("NOPERM no such right"), 6):
        place.counters.of("email").created.append(1)
        place.counters.commands()
        place.counters.answered([reply])
    assert place.reported == ["Redis refused: NOPERM no such right", "stats goes on as before"]


def test_with_the_option_off_nothing_is_counted_and_nothing_is_ever_due() -> None:
    place = Place(counts=False)
    counts = place.counters.of("email", keep=True)
    counts.created.extend([1, 2])
    counts.completed.append(3)
    place.counters.flush()
    place.counters.flush_within(1)
    place.counters.stopped()
    assert place.counters.due_in > 1e6 and place.asked == [] and not counts.completed


def test_a_flush_at_the_end_sends_what_there_is_and_gives_up_if_redis_is_away(place: Place) -> None:
    place.counters.of("email").created.append(1)
    place.counters.flush_within(10)
    assert len(place.asked) == 1
    place.replies = ConnectionFailed("away")
    place.counters.of("email").created.append(1)
    place.counters.flush()
    assert len(place.asked) == 2 and place.reported == []


def test_a_forked_child_counts_anew(place: Place) -> None:
    place.counters.of("email").created.append(1)
    place.counters.after_fork()
    assert place.counted() == {}


def test_only_a_hundred_types_are_counted_by_name_those_with_most_starts_first(place: Place) -> None:
    for n in range(150):
        place.counters.of(f"type {n}").takes.append((1, [b"1"] * (n + 1)))
    found = place.counted()[MINUTE]
    assert len(place.counters._sent) == 21, "no command adds more than five types"
    assert len(found) == MAX_NAMED_TYPES + 1
    assert {"type 149", "type 50", "*"} <= set(found) and "type 49" not in found
    assert found["*"]["started"] == sum(range(1, 151))


def test_the_next_hour_names_the_types_with_most_starts_of_this_one(place: Place) -> None:
    for n in range(MAX_NAMED_TYPES):
        place.counters.of(f"small {n}").takes.append((1, [b"1"]))
    place.counted()
    place.counters.answered([6])
    place.counters.of("big").takes.append((1, [b"1"] * 50))
    assert "big" not in place.counted()[MINUTE], "a hundred others have their names in this hour"
    place.counters.answered([6])
    place.wall += 3600_000
    place.counters.of("big").takes.append((1, [b"1"]))
    place.counters.of("new").takes.append((1, [b"1"]))
    [found] = place.counted().values()
    assert "big" in found and "new" not in found


def test_a_process_that_only_saves_jobs_names_the_types_of_which_it_saves_most(place: Place) -> None:
    """It starts none. So a busy type that came after a hundred others would never have its name."""
    for n in range(MAX_NAMED_TYPES):
        place.counters.of(f"small {n}").created.append(1)
    place.counted()
    place.counters.answered([6])
    place.counters.of("big").created.append(50)
    assert "big" not in place.counted()[MINUTE]
    place.counters.answered([6])
    place.wall += 3600_000
    for n in range(MAX_NAMED_TYPES):
        place.counters.of(f"small {n}").created.append(1)
    place.counters.of("big").created.append(1)
    [found] = place.counted().values()
    assert "big" in found and len(found) == MAX_NAMED_TYPES + 1


def test_types_that_are_not_seen_any_more_are_forgotten_but_not_those_of_workers(place: Place) -> None:
    place.counters.of("worker", keep=True)
    for n in range(1100):
        place.counters.of(f"tenant {n}").created.append(1)
    for _ in range(70):
        place.counters.commands()
        place.counters.answered([6])
    assert len(place.counters._types) <= 1001 and "worker" in place.counters._types


def test_no_count_of_many_threads_is_lost(place: Place) -> None:
    threads_count, times, total = 8, 5000, 0
    done = threading.Event()

    def add() -> None:
        for _ in range(times):
            place.counters.of("email").completed.append(1)

    def flush() -> None:
        nonlocal total
        while not done.is_set():
            total += sum(types["email"]["completed"] for types in place.counted().values())
            place.counters.answered([6])

    flusher = threading.Thread(target=flush)
    threads = [threading.Thread(target=add) for _ in range(threads_count)]
    for thread in (flusher, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    flusher.join()
    total += sum(types["email"]["completed"] for types in place.counted().values())
    assert total == threads_count * times
