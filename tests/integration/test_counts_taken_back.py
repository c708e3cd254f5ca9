"""A save that comes to nothing is not counted, also if its count has been added by then, in an earlier minute."""

from collections.abc import Callable
from typing import Any

import pytest

import kue
from tests.integration.test_stats import set_due, sums

MINUTE_MS = 60_000
Next = Callable[[], None]


@pytest.fixture
def next_minute(queue: Any, monkeypatch: pytest.MonkeyPatch) -> Next:
    """Sets the clock of the counters a minute on, and has them due."""
    clock, passed = queue.runtime.store.clock, [0]
    monkeypatch.setattr(queue.runtime.store, "clock", lambda: clock() - 5 * MINUTE_MS + passed[0])

    def pass_a_minute() -> None:
        passed[0] += MINUTE_MS
        set_due(queue, now=True)

    return pass_a_minute


def test_a_refused_save_whose_count_rode_with_it(queue: Any, client: Any, next_minute: Next) -> None:
    next_minute()
    client.set("q:pdf:jobs", "poison")
    with pytest.raises(kue.RedisRefused):
        queue.create("pdf").save()
    next_minute()
    queue.create("email").save()
    assert sums(queue, "pdf") == {}
    assert sums(queue) == {"created": 1}


@pytest.mark.parametrize("many", [False, True])
def test_a_unique_job_that_another_one_stands_for(queue: Any, next_minute: Next, many: bool) -> None:
    def save() -> None:
        next_minute()
        job = queue.create("charge").unique("order:7")
        queue.save_all([job]) if many else job.save()

    for _ in range(4):
        save()
    [(_, numbers)] = queue.stats(type="charge")["charge"].series
    assert numbers.created == 1, "and no other minute has any"
    assert sums(queue) == {"created": 1}
