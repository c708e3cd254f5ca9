"""Recurring jobs with real processes: forks that race for each time, one that dies, one that only declares.

Schedules catch up on all times: by default a second has no job if all processes stand still until the next one.
"""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from tests.helpers import keyspace
from tests.integration.script import run_script

pytestmark = pytest.mark.slow


@pytest.fixture
def run(redis_url: str) -> Callable[..., list[dict[str, Any]]]:
    return functools.partial(run_script, redis_url)


def times(client: Any) -> list[int]:
    jobs = [hash for key, hash in keyspace(client, "q:job:[0-9]*").items() if not key.endswith("log")]
    return sorted(int(job["py_tick"]) for job in jobs)


def test_each_second_has_one_job_however_many_processes_declare_it(run: Callable[..., Any], client: Any) -> None:
    run("""
        import time

        def work():
            own = kue.Queue(redis=os.environ["KUE_REDIS_URL"])
            own.every("* * * * * *", own.create("poll"), catch_up="all")
            time.sleep(4)
            own.shutdown()

        ended(*[forked(work) for _ in range(8)])
        queue.shutdown()
    """)
    found = times(client)
    assert len(found) >= 3
    assert found == list(range(found[0], found[-1] + 1, 1000))


def test_a_forked_child_looks_for_due_jobs_once_it_declares_one(run: Callable[..., Any], client: Any) -> None:
    run("""
        queue.every("* * * * * *", queue.create("poll"), catch_up="all")

        def ticks():
            return [thread.name for thread in threading.enumerate() if thread.name == "kue-ticker"]

        def idle():
            assert ticks() == []
            queue.shutdown()

        def declare():
            queue.every("* * * * * *", queue.create("poll"), catch_up="all")
            wait_until(lambda: len(ticks()) == 1)
            queue.shutdown()

        ended(forked(idle), forked(declare))
        assert len(ticks()) == 1
        done = queue.inactive_count()
        wait_until(lambda: queue.inactive_count() > done + 1)
        queue.shutdown()
    """)
    found = times(client)
    assert found == list(range(found[0], found[-1] + 1, 1000))


def test_another_process_takes_over_from_one_that_was_killed(run: Callable[..., Any], client: Any) -> None:
    run("""
        import signal, time

        def work():
            queue.every("* * * * * *", queue.create("poll"))
            time.sleep(60)

        pid = forked(work)
        wait_until(lambda: queue.inactive_count() >= 1)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        done = queue.inactive_count()
        queue.process("another", lambda job: None)  # any process that works
        wait_until(lambda: queue.inactive_count() >= done + 2)
        queue.shutdown()
    """)
    found = times(client)
    assert len(set(found)) == len(found)
