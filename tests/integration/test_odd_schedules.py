"""Schedules at the edge of what there can be: far times, hashes that were changed by hand, trouble with one of many."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.helpers import wait_until


class TestFarTimes:
    @pytest.mark.parametrize("when", ["1 day", 36_500 * 86_400_000, "0 0 * * *"])
    @pytest.mark.parametrize("start", [datetime.max.replace(tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
    def test_a_schedule_that_begins_after_the_last_date_is_over(self, queue: Any, when: Any, start: datetime) -> None:
        schedule = queue.every(when, queue.create("report"), tz="Asia/Tokyo", start=start)
        assert (schedule.next_at, schedule.next(3)) == (None, [])

    def test_the_next_times_end_with_the_last_date(self, queue: Any) -> None:
        schedule = queue.every("5000 weeks", queue.create("report"))
        assert 70 < len(schedule.next(1000)) < 90

    @pytest.mark.parametrize("when", ["120960000000000000", "9" * 5000, "0"])
    def test_an_interval_that_cannot_be_is_left_out(self, queue: Any, client: Any, errors: Any, when: str) -> None:
        queue.every("1 hour", queue.create("report"))
        queue.every("1 hour", queue.create("odd"))
        client.hset("q:py:schedule:odd", "when", when)
        assert list(queue.schedules()) == ["report"]
        wait_until(lambda: errors)
        assert "the schedule 'odd' cannot be read by this release" in str(errors.pop())
