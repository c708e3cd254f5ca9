"""A handler that forks: what its child reports reaches Redis, in the name of the run that the parent ends."""

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


def test_what_a_child_reports_reaches_redis_at_once(run: Callable[..., Any], client: Any) -> None:
    told = run("""
        import time
        events = []

        def child(job):
            began = time.monotonic()
            job.log("line %s", 1).progress(1, 4, {"by": "child"}).set("colour", "red").send("page", 7)
            tell(read=job.get_field("colour"), lost=job.lost, progress=job.progress(), current=kue.current_job().id)
            job.log("line 2").priority("high").update()
            tell(in_time=time.monotonic() - began < 9)  # to wait for the I/O thread takes ten seconds

        @queue.process("email")
        def work(job):
            job.log("before")
            job.get_field("colour")
            ended(forked(lambda: child(job)))
            job.log("after")
            return job.get_field("colour")

        job = queue.create("email")
        for event in ("progress", "page"):
            job.on(event, lambda *args, event=event: events.append([event, *args]))
        tell(result=job.promise().result(30))
        wait_until(lambda: len(events) == 2)
        tell(events=events, log=kue.Job.get_log(1), priority=kue.Job.get(1).priority())
        queue.shutdown()
    """)
    assert told == [
        {"read": "red", "lost": False, "progress": 25, "current": 1},
        {"in_time": True},
        {"result": "red"},
        {
            "events": [["progress", 25, {"by": "child"}], ["page", 7]],
            "log": ["before", "line 1", "line 2", "after"],
            "priority": -10,
        },
    ]
    assert keyspace(client)["q:job:1"]["progress"] == "100"


def test_children_of_multiprocessing_share_the_work_of_a_job(run: Callable[..., Any]) -> None:
    told = run("""
        import multiprocessing
        context = multiprocessing.get_context("fork")

        def part(job, n):
            for step in range(20):
                job.log("%s %s", n, step)
            job.set("part%d" % n, n)

        @queue.process("email", 3)
        def work(job):
            parts = [context.Process(target=part, args=(job, n)) for n in range(3)]
            for process in parts:
                process.start()
            for process in parts:
                process.join()
            assert [process.exitcode for process in parts] == [0, 0, 0]
            return [job.get_field("part%d" % n) for n in range(3)]

        promises = [queue.create("email").promise() for _ in range(3)]
        for promise in promises:
            lines = [line.split() for line in kue.Job.get_log(promise.job.id)] if promise.result(30) else []
            steps = [[int(step) for n, step in lines if n == str(part)] for part in range(3)]
            tell(result=promise.result(), in_order=steps == [list(range(20))] * 3)
        queue.shutdown()
    """)
    assert told == [{"result": ["0", "1", "2"], "in_order": True}] * 3


def test_progress_of_a_child_extends_the_ttl(run: Callable[..., Any]) -> None:
    told = run("""
        import time

        def child(job):
            end = time.monotonic() + 1.5
            wait_until(lambda: job.progress(1, 2) and time.monotonic() > end)

        @queue.process("email")
        def work(job):
            ended(forked(lambda: child(job)))
            return "done"

        tell(result=queue.create("email", ttl=600).promise().result(30))
        queue.shutdown()
    """)
    assert told == [{"result": "done"}]


@pytest.mark.parametrize("form", ["def work(job, done): outcome(job, done)", "def work(job): outcome(job)"])
def test_only_the_parent_ends_the_run(run: Callable[..., Any], form: str) -> None:
    told = run(f"""
        def end(done):
            try:
                done(None, "by the child")
            except kue.ForkedChild as problem:
                tell(refused=str(problem))

        def outcome(job, done=None):
            if done is None:
                return ended(forked(lambda: None))
            ended(forked(lambda: end(done)))
            done(None, "by the parent")

        {form}
        queue.process("email", work)
        tell(result=queue.create("email").promise().result(30))
        queue.shutdown()
    """)
    if "done" in form:
        refusal = "the run of job 1 is ended by the process that this one was forked from"
        assert told == [{"refused": refusal}, {"result": "by the parent"}]
    else:
        assert told == [{"result": None}]


@pytest.mark.parametrize("way", ["return", "raise"])
def test_a_child_that_leaves_its_handler_ends_without_ending_the_run(run: Callable[..., Any], way: str) -> None:
    told = run(f"""
        sys.stderr = open(os.devnull, "w")  # where the thread of the child says why it ends

        @queue.process("email")
        def work(job):
            pid = os.fork()
            if not pid:
                if {way!r} == "raise":
                    raise ValueError("boom")
                return "by the child"
            os.waitpid(pid, 0)
            return "by the parent"

        tell(result=queue.create("email").promise().result(30))
        queue.shutdown()
    """)
    assert told == [{"result": "by the parent"}]


def test_a_child_of_a_run_that_lost_its_job_is_refused(run: Callable[..., Any], client: Any) -> None:
    told = run("""
        import logging
        logging.disable()
        errors = []
        queue.on("error", lambda problem: errors.append(type(problem).__name__))

        def child(job):
            tell(lost=job.lost)
            queue.client.hset("q:job:1", "workerId", "another")
            tell(lost=job.lost)
            for say in (lambda: job.log("x"), lambda: job.progress(1, 2), lambda: job.set("a", 1), job.update):
                try:
                    say()
                except kue.JobLost:
                    tell(refused=True)

        @queue.process("email")
        def work(job):
            ended(forked(lambda: child(job)))

        queue.create("email").save()
        wait_until(lambda: errors)
        tell(errors=errors)
        queue.shutdown()
    """)
    assert told == [{"lost": False}, {"lost": True}, *[{"refused": True}] * 4, {"errors": ["JobLost"]}]
    assert "q:job:1:log" not in keyspace(client) and "a" not in keyspace(client)["q:job:1"]
