"""Purging with real processes: eight at once, workers beside it, one that dies in the middle."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

import kue
from kue.doctor import examine
from kue.doctor.key_findings import SurplusTokens
from tests.helpers import keyspace
from tests.integration.script import run_script

pytestmark = pytest.mark.slow

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(redis_url: str) -> Run:
    return functools.partial(run_script, redis_url)


def assert_consistent(client: Any, redis_url: str) -> None:
    """All that is left is consistent, and no key of a removed job is among it. Tokens without a job are normal."""
    with kue.Queue(redis=redis_url) as queue:
        assert [found for found in examine(queue).findings if not isinstance(found, SurplusTokens)] == []
    ids = {key.split(":")[2] for key in keyspace(client, "q:job:[0-9]*")}
    assert len(ids) == client.zcard("q:jobs")


def test_eight_processes_that_purge_at_once_remove_each_job_once(run: Run, client: Any, redis_url: str) -> None:
    facts = run("""
        jobs = queue.save_all(queue.create("email", n, priority=n % 3 - 1) for n in range(4000))
        for job in jobs:
            if job.id % 50 == 0:
                job.log("a line")
            job.state("complete" if job.id % 2 else "failed")
        queue.shutdown()

        def purge():
            own = kue.Queue(redis=os.environ["KUE_REDIS_URL"])
            tell(old=own.purge("failed", older_than=0), surplus=own.purge("complete", keep=100))
            own.shutdown()

        ended(*[forked(purge) for _ in range(8)])
    """)
    assert sum(one["old"] for one in facts) == 2000
    assert sum(one["surplus"] for one in facts) == 1900
    assert sorted(int(key.split(":")[2]) for key in keyspace(client, "q:job:[0-9]*")) == [*range(3801, 4001, 2)]
    assert_consistent(client, redis_url)


def test_jobs_that_run_end_and_are_restarted_beside_it_are_all_accounted_for(
    run: Run, client: Any, redis_url: str
) -> None:
    facts = run("""
        import random, time

        def work():
            own = kue.Queue(redis=os.environ["KUE_REDIS_URL"])
            runs = []

            def handle(job):
                runs.append(job.id)
                if job.data % 3 == 0:
                    raise ValueError("boom")

            import logging
            logging.disable(logging.CRITICAL)
            own.process("email", 5, handle)
            wait_until(lambda: own.client.exists("done"), 40)
            own.shutdown()
            tell(runs=len(runs))

        def purge():
            own = kue.Queue(redis=os.environ["KUE_REDIS_URL"])
            removed = 0
            while not own.client.exists("done"):
                removed += own.purge("complete", keep=5) + own.purge("failed", older_than=20)
            own.shutdown()
            tell(removed=removed)

        def restart():
            own = kue.Queue(redis=os.environ["KUE_REDIS_URL"])
            restarted = 0
            while not own.client.exists("done"):
                for id in own.ids("failed"):
                    try:
                        own.get(id).inactive()
                        restarted += 1
                    except kue.JobNotFound:
                        pass
            own.shutdown()
            tell(restarted=restarted)

        pids = [forked(work) for _ in range(3)] + [forked(purge) for _ in range(4)] + [forked(restart)]
        for start in range(0, 2000, 100):
            queue.save_all(queue.create("email", n) for n in range(start, start + 100))
            time.sleep(0.02)
        time.sleep(1)
        queue.client.set("done", 1)
        ended(*pids)
        queue.shutdown()
    """)
    client.delete("done")
    removed, restarted, runs = (sum(one.get(what, 0) for one in facts) for what in ("removed", "restarted", "runs"))
    assert removed + client.zcard("q:jobs") == 2000
    waiting = client.zcard("q:jobs:inactive")
    assert client.zcard("q:jobs:active") == 0
    assert runs == 2000 + restarted - waiting
    assert_consistent(client, redis_url)


def test_the_processes_of_a_fleet_take_turns_and_another_goes_on_if_one_is_killed(run: Run, client: Any) -> None:
    facts = run("""
        import signal, time

        jobs = queue.save_all(queue.create("email", n) for n in range(3000))
        for job in jobs:
            job.state("complete")
        queue.shutdown()

        def work(slowly=False):
            from datetime import timedelta
            own = kue.Queue(redis=os.environ["KUE_REDIS_URL"], purge={"complete": timedelta(seconds=1)})
            if slowly:
                from kue.maintenance import purge
                purge._MAX_PAUSE_SECONDS, purge._PAUSE = 0.2, 1000.0
            own.process("another", lambda job: None)
            wait_until(lambda: own.complete_count() == 0, 50)
            own.shutdown()

        first = forked(lambda: work(slowly=True))
        with kue.Queue(redis=os.environ["KUE_REDIS_URL"]) as watcher:
            wait_until(lambda: watcher.complete_count() < 3000, 20)
            os.kill(first, signal.SIGKILL)
            os.waitpid(first, 0)
            tell(left=watcher.complete_count())
        ended(*[forked(work) for _ in range(3)])
    """)
    assert 0 < facts[0]["left"] < 3000
    assert client.zcard("q:jobs") == 0
