"""A process leaves alone what belongs to a process with a newer protocol, and reports that once."""

from collections.abc import Callable
from pathlib import Path

from kue.doctor import examine, repair
from kue.errors import NewerProtocol
from kue.store.keys import zid
from tests.crash.conftest import Watched
from tests.crash.process import PythonWorker
from tests.helpers import wait_until
from tests.servers import RedisServer
from tests.versions.conftest import searches

Start = Callable[..., PythonWorker]


def test_jobs_of_a_newer_process_are_neither_put_back_nor_failed_and_its_lease_stays(
    newer: Path, server: RedisServer, start: Start, queue: Watched
) -> None:
    held, overdue = queue.create("email").save(), queue.create("email", ttl=300).save()
    other = start(newer, {"email": 2})
    wait_until(lambda: len(other.reported("start")) == 2)
    other.kill()
    server.client().zadd("q:py:workers", {"kue:host:7-0123456702": 1})
    events: list[int] = []
    queue.on("job ttl exceeded", events.append)
    queue.process("other", lambda job: None)
    wait_until(lambda: any(isinstance(problem, NewerProtocol) for problem in queue.errors))
    begun = searches(server)
    wait_until(lambda: searches(server) > begun + 10, 30, "it has looked for lost jobs many times")

    assert queue.active() == [held.id, overdue.id]
    assert server.client().zscore("q:py:workers", "kue:host:7-0123456702") == 1
    assert events == []
    assert [problem.protocol for problem in queue.errors if isinstance(problem, NewerProtocol)] == [2]
    assert len(queue.errors) == 1
    assert queue.health()["newer_protocols"] == [2]


def test_the_doctor_names_a_newer_process_and_judges_none_of_its_jobs(
    newer: Path, server: RedisServer, start: Start, queue: Watched
) -> None:
    queue.create("email").save()
    other = start(newer, {"email": 1})
    [run] = wait_until(lambda: other.reported("start"))
    other.kill()
    server.client().zincrby("q:jobs:active", 1, zid(run["id"]))  # a score that this release would correct
    report = examine(queue, grace=0)
    assert report.is_clean and report.newer == (run["worker"].rpartition(":email:")[0],)
    assert repair(queue, report, grace=0) == []
    assert queue.active_count() == 1
