"""What happened over time, as the charts and the table of types get it from what processes have counted."""

from typing import Any

import kue
from kue.store.stats import StatsReader
from kue.web.read_model.history import BARS, RANGES, read_history, read_pasts

NOW = 1_795_000_020_000  # a minute has just begun
MINUTE = NOW // 60_000 * 60


def count(client: Any, slot: str, start: int, type: str, **counters: int) -> None:
    client.hset(f"q:py:stats:{slot}:{start}:{type}", mapping=counters)


def test_a_history_has_every_slot_of_its_range_and_ends_with_the_running_one(queue: kue.Queue, client: Any) -> None:
    count(client, "m", MINUTE, "email", completed=2)
    count(client, "m", MINUTE - 59 * 60, "email", completed=5, failed=1)
    count(client, "m", MINUTE - 60 * 60, "email", completed=100)
    count(client, "m", MINUTE, "sms", completed=7)
    found = read_history(StatsReader(queue.runtime.store), "email", RANGES["1h"], NOW)
    assert (found.begin, found.length, len(found.numbers)) == (1000 * (MINUTE - 59 * 60), 60_000, 60)
    assert [one.completed for one in found.numbers] == [5, *[0] * 58, 2]
    assert (found.total.completed, found.total.failed) == (7, 1)


def test_longer_ranges_have_longer_slots(queue: kue.Queue, client: Any) -> None:
    tens, hour = MINUTE - MINUTE % 600, MINUTE - MINUTE % 3600
    count(client, "t", tens - 287 * 600, "*", created=3)
    count(client, "h", hour - 335 * 3600, "*", created=4)
    reader = StatsReader(queue.runtime.store)
    assert [read_history(reader, "*", RANGES[name], NOW).numbers[0].created for name in ("48h", "14d")] == [3, 4]


def test_the_past_of_several_types_has_their_last_minutes_and_percentiles(queue: kue.Queue, client: Any) -> None:
    hour = MINUTE - MINUTE % 3600
    count(client, "m", MINUTE, "email", completed=2, failed=1, retried=4)
    count(client, "h", hour, "email", completed=9, r13=9, max=90)
    count(client, "h", hour - 3600, "email", completed=1, r25=1, max=9000)
    client.set(f"q:py:stats:m:{MINUTE}:odd", "something else")
    found = read_pasts(StatsReader(queue.runtime.store), ["email", "odd", "new"], NOW)
    last = found["email"].bars[-1]
    assert (len(found["email"].bars), last.completed, last.failed, last.retried) == (BARS, 2, 1, 4)
    assert found["email"].p50 is not None and 80 <= found["email"].p50 <= 130
    assert found["email"].p95 is not None and found["email"].p95 > 5000
    assert [found[type].p50 for type in ("odd", "new")] == [None, None]
    assert not any(bar.completed for bar in found["odd"].bars)
