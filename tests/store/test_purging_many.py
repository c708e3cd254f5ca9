"""A hundred thousand jobs that have ended, some of them after a long delay: no step is long, and none looks in vain."""

from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.maintenance.purge import purge
from kue.options.purging import Limits
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.world import NOW

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("backend", offered("redis"), indirect=True),
]

JOBS, BATCH = 100_000, 500
HOUR = 3_600_000
LONG_DELAYED = 50  # one of so many ended just now
PRIORITIES = 3
MAX_STEP_MS = 20
LOOKS_PER_PRIORITY = 150  # until it is left, and in pages

# The jobs were created over two hours, in the order of their ids.
FILL = """
for id = ARGV[1], ARGV[2] do
  local name = string.format('%.0f', id)
  local zid, created, priority = string.format('%02d|%s', #name, name), ARGV[3] + id * ARGV[4], id % ARGV[5]
  local ended = math.max(created + 40, id % ARGV[6] == 0 and ARGV[7] or 0)
  local moment = function(number) return string.format('%.0f', number) end
  redis.call('HSET', 'q:job:' .. name, 'type', 'email', 'data', '{"to":"tj' .. name .. '@example.com"}', 'priority',
    priority, 'max_attempts', 1, 'created_at', moment(created), 'promote_at', moment(created), 'state', 'complete',
    'updated_at', moment(ended), 'started_at', moment(ended - 40), 'workerId', 'kue:host:77-beef0001:email:' .. name,
    'duration', 40, 'progress', 100, 'attempts', 1, 'result', '{"sent":true}')
  if id % 10 == 0 then redis.call('RPUSH', 'q:job:' .. name .. ':log', 'a line') end
  for _, key in ipairs({'q:jobs', 'q:jobs:complete', 'q:jobs:email:complete'}) do
    redis.call('ZADD', key, priority, zid)
  end
end
"""


@pytest.fixture
def full(place: Place) -> Place:
    every = 2 * HOUR / JOBS
    for first in range(1, JOBS + 1, BATCH):
        arguments = (first, first + BATCH - 1, NOW - 2 * HOUR, every, PRIORITIES, LONG_DELAYED, NOW - 5000)
        place.client.eval(FILL, 0, *arguments)
    place.client.sadd("q:job:types", "email")
    return place


def processor_ms(place: Place) -> float:
    used: dict[str, Any] = place.client.info("cpu")
    return 1000 * float(used["used_cpu_user"] + used["used_cpu_sys"])


def walk(place: Place, limits: Limits) -> tuple[int, float, int]:
    """Returns how many jobs were removed, the longest step in ms of the server's processor, and the jobs looked at.

    The processor's time says what a step costs, however busy the machine is.
    """
    place.client.config_resetstat()
    removed, longest, before = 0, 0.0, processor_ms(place)
    for count in purge(place.store, ErrorReporter(lambda problem: None), [("email", "complete", limits)], NOW):
        now = processor_ms(place)
        longest, before, removed = max(longest, now - before), now, removed + count
    calls: dict[str, Any] = place.client.info("commandstats")
    return removed, longest, int(calls["cmdstat_hmget"]["calls"])


def test_a_purge_by_age_is_done_in_short_steps_and_looks_at_no_job_again(full: Place) -> None:
    removed, longest, looked = walk(full, Limits(age=HOUR))
    due = JOBS // 2 - JOBS // 2 // LONG_DELAYED
    passed = JOBS // 2 // LONG_DELAYED
    assert removed == pytest.approx(due, abs=5)
    assert longest < MAX_STEP_MS
    # One that is passed is read twice, since its last change was later.
    assert looked <= removed + 2 * passed + 2 * PRIORITIES * LOOKS_PER_PRIORITY
    assert full.client.zcard("q:jobs") == JOBS - removed

    removed, longest, looked = walk(full, Limits(age=HOUR))
    assert removed == 0
    assert longest < MAX_STEP_MS
    assert looked <= 2 * passed + 2 * PRIORITIES * LOOKS_PER_PRIORITY


def test_a_purge_that_finds_nothing_due_looks_at_few_jobs(full: Place) -> None:
    removed, longest, looked = walk(full, Limits(age=20 * HOUR))
    assert removed == 0
    assert longest < MAX_STEP_MS
    assert looked <= PRIORITIES * LOOKS_PER_PRIORITY


def test_a_purge_by_number_is_done_in_short_steps_and_looks_at_no_job_again(full: Place) -> None:
    removed, longest, looked = walk(full, Limits(keep=1000))
    assert removed == looked == JOBS - 1000
    assert longest < MAX_STEP_MS
    assert sorted(int(member[3:]) for member in full.client.zrange("q:jobs", 0, -1)) == [*range(JOBS - 999, JOBS + 1)]
    assert full.client.dbsize() == 1000 + 100 + 4
