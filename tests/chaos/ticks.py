"""The recurring job of a chaos run, which every Python worker declares when it starts: each second has one job.

Missed times are caught up. It is paused before the run comes to rest.
"""

from collections import Counter
from collections.abc import Iterator

import redis

import kue
from tests.chaos.indexes import Snapshot
from tests.helpers import wait_until

TICK = "tick"
EVERY_SECOND = "* * * * * *"
DATA = {"key": -1, "lines": 0}  # a key that is not Node's


def pause(url: str) -> None:
    with kue.Queue(redis=url) as queue:
        wait_until(lambda: TICK in queue.schedules(), 30, "a worker has declared the schedule")
        queue.schedules()[TICK].pause()


def counted(client: "redis.Redis") -> int:
    """How many jobs were saved at their times, as the schedule says."""
    return int(client.hget(f"q:py:schedule:{TICK}", "fired") or 0)


def complaints(final: Snapshot, fired: int) -> Iterator[str]:
    jobs = {id: fields for id, fields in final.jobs.items() if fields.get("py_schedule") == TICK}
    times = Counter(int(fields["py_tick"]) for fields in jobs.values())
    due = set(range(min(times), max(times), 1000)) if times else set()
    if lost := sorted(due - set(times)):
        yield f"{len(lost)} times of the schedule have no job, the first of which is {lost[0]}"
    for time, count in times.items():
        if count > 1:
            yield f"the time {time} of a schedule has {count} jobs"
        if time % 1000:
            yield f"the time {time} is none of the schedule"
    if len(jobs) != fired:
        yield f"the schedule counted {fired} jobs, and there are {len(jobs)}"
    for id, fields in jobs.items():
        if fields.get("state") != "complete":
            yield f"job {id} of the schedule is {fields.get('state')}"
