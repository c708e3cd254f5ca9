"""A child that is forked while other threads of its parent hold locks waits for none of them."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.script import run_script

pytestmark = pytest.mark.slow


@pytest.fixture
def run(redis_url: str) -> Callable[..., list[dict[str, Any]]]:
    return functools.partial(run_script, redis_url)


def test_a_child_forked_in_the_middle_of_traffic_waits_for_no_lock(run: Callable[..., Any], client: Any) -> None:
    """Whatever locks other threads hold at that moment, no child waits for them."""
    told = run("""
        stop = threading.Event()
        queue.on("job complete", lambda id: None)
        queue.process("email", 4, lambda job: job.log("a line").progress(1, 2) and None)

        def produce():
            while not stop.is_set():
                heard = threading.Event()
                queue.create("email").on("complete", heard.set).save()
                heard.wait()

        producers = [threading.Thread(target=produce) for _ in range(3)]
        for producer in producers:
            producer.start()

        def work():
            assert queue.create("email", "from the child", priority="critical").promise().result(30) is None
            queue.shutdown()

        for _ in range(10):
            ended(forked(work), forked(work))
        stop.set()
        for producer in producers:
            producer.join()
        wait_until(lambda: queue.inactive_count() == queue.active_count() == 0)
        jobs = kue.Job.range_by_state("complete", 0, -1)
        tell(children=sum(job.data == "from the child" for job in jobs), failed=queue.failed_count())
        queue.shutdown()
    """)
    assert told == [{"children": 20, "failed": 0}]


def test_a_child_forked_while_another_thread_makes_the_queue_makes_its_own(run: Callable[..., Any]) -> None:
    told = run("""
        from kue.queue.process_wide import ProcessWide
        inside, go = threading.Event(), threading.Event()

        class Slow(kue.Queue):
            def __init__(self, **options):
                if threading.current_thread().name == "slow":
                    inside.set()
                    go.wait()
                super().__init__(**options)

        process_wide = ProcessWide(Slow)
        slow = threading.Thread(target=process_wide.create_queue, name="slow")
        slow.start()
        inside.wait()
        ended(forked(lambda: tell(child=process_wide.create_queue().create("email").save().id)))
        go.set()
        slow.join()
        tell(parent=process_wide.create_queue().create("email").save().id)
    """)
    assert told == [{"child": 1}, {"parent": 2}]


def test_a_child_takes_jobs_though_a_thread_of_the_parent_opened_or_closed_the_intake(
    run: Callable[..., Any],
) -> None:
    told = run("""
        from kue.worker.intake import intake
        inside, go = threading.Event(), threading.Event()

        def hold():
            with intake._lock:
                inside.set()
                go.wait()

        def work():
            queue.process("email", lambda job: job.data)
            tell(result=queue.create("email", 1).promise().result(20))
            queue.shutdown()

        holder = threading.Thread(target=hold)
        holder.start()
        inside.wait()
        ended(forked(work))
        go.set()
        holder.join()
    """)
    assert told == [{"result": 1}]
