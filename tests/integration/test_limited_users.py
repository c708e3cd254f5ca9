"""Redis users with few rights: each role works with the rules of its page, and what a missing right means."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

import kue
from kue.doctor import examine, repair
from kue.maintenance.purge import Purge
from kue.maintenance.unindexing import Unindexing
from kue.store.keys import PROMOTION_LOCK
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.servers import RedisServer

PAGE = Path(__file__).parents[2] / "docs/guides/limited-users.md"
SCRIPTS = Path(kue.__file__).parent / "store/lua"
URL = "redis://{role}:secret@127.0.0.1:{port}"
FROM_REDIS_7_2 = "client|setinfo"  # redis-py sends it to newer servers, and does not mind if they refuse it


@pytest.fixture
def server(own_server: RedisServer) -> RedisServer:
    """A server with the users of the page."""
    code = re.search(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert code is not None
    at_server = f'redis-cli() {{ command redis-cli -p {own_server.port} "$@"; }}\nset -e\n'
    done = subprocess.run(["bash", "-c", at_server + code[1]], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["OK"] * 4
    return own_server


@pytest.fixture
def refused(server: RedisServer) -> Iterator[Any]:
    """What the server has refused so far, as (reason, object)."""
    with server.client() as client:

        def read() -> set[tuple[str, str]]:
            entries = client.acl_log(100)
            found = {(str(entry["reason"]), str(entry["object"])) for entry in entries}
            return {one for one in found if one[1] != FROM_REDIS_7_2}

        yield read


def test_every_command_of_a_script_is_one_that_the_page_allows() -> None:
    allowed = set(re.findall(r"\+([a-z]+)", PAGE.read_text()))
    texts = [script.read_text() for script in sorted(SCRIPTS.rglob("*.lua"))]
    called = {name.lower() for text in texts for name in re.findall(r"\b(?:p?call|read_or_nil)\('(\w+)'", text)}
    assert len(called) > 30
    assert called - allowed == set()


def url(server: RedisServer, role: str) -> str:
    return URL.format(role=role, port=server.port)


def read_all(queue: Any, id: int) -> None:
    """What a reader does."""
    queue.on("job complete", lambda id: None)
    queue.types(), queue.card("failed"), queue.card_by_type("email", "failed"), queue.work_time(), queue.setting("x")
    queue.search("ada"), queue.search("ada grace"), queue.search("ada grace", any=True)
    queue.inactive(), list(queue.ids("complete")), queue.health(), queue.inactive_count("email")
    job = kue.Job.get(id, queue=queue)
    job.to_json(), job.get_field("mark"), kue.Job.get_log(id, queue=queue)
    kue.Job.range(0, -1, queue=queue), kue.Job.range_by_state("failed", 0, -1, queue=queue)
    kue.Job.range_by_type("email", "complete", 0, -1, queue=queue)


def write_all(queue: Any) -> None:
    """What a producer does."""
    job = queue.create("letter", {"to": "ada"}, attempts=2).save()
    job.log("a line").progress(1, 2).set("mark", "m")
    for change in ("delayed", "failed", "complete", "active", "inactive"):
        getattr(job, change)()
    job.error("none").update()
    read_all(queue, job.id)
    job.remove()
    held = queue.create("hold").save()
    wait_until(lambda: queue.active_count("hold") == 1)
    assert held.cancel("why") == "active"
    wait_until(lambda: kue.Job.get(held.id, queue=queue).state() == "failed")
    queue.create("letter").save().cancel()
    done = (queue.retry_all(type="letter"), queue.cancel_all("letter"), queue.remove_all("failed", "letter"))
    assert done == (1, 1, 1)
    held.remove()
    for delay in (None, 60_000):
        for data in ("first", "second"):
            unique = queue.create("letter", data, delay=delay).unique(f"after {delay}", within=60_000, replace=True)
            unique.save()
        assert queue.get(unique.id).data == "second"
        unique.remove()
    schedule = queue.every("1 second", queue.create("email"))
    schedule.pause(), schedule.resume(), schedule.trigger(), queue.schedules()
    wait_until(lambda: queue.schedules()["email"].fired)
    schedule.remove()
    queue.save_all(queue.create("letter", delay=60_000) for _ in range(2))
    queue.pause("letter", 1), queue.paused("letter"), queue.resume("letter")
    queue.limit("email", concurrency=5), queue.limit("email", per=(100, 60_000)), queue.limit("email")
    assert queue.create("email").promise(10_000).result() == "sent"
    queue.create("letter").save().failed()
    assert queue.purge("failed", older_than=0, type="letter") == 1
    queue.create("letter").save().failed()
    assert queue.purge("failed", keep=0, type="letter") == 1


def hold(job: Any) -> None:
    wait_until(lambda: job.cancelled)
    job.raise_if_cancelled()


def run_all(queue: Any) -> None:
    """What a worker does, with a promoted job, a retry, and a run that is ended at its ttl."""

    @queue.process("email", 2)
    def email(job: Any) -> str:
        job.log("sending").progress(1, 2).set("mark", "m").send("half", 1)
        job.get_field("mark")
        return "sent"

    @queue.process("late")
    def late(job: Any) -> None:
        wait_until(lambda: job.lost)

    @queue.process("bad")
    def bad(job: Any) -> None:
        raise ValueError("bad")

    queue.process("hold", hold)
    queue.create("bad", attempts=2, backoff={"type": "fixed", "delay": 1}).save()
    queue.create("late", ttl=30).save()
    queue.create("email", delay=1, remove_on_complete=True).save()
    write_all(queue)
    wait_until(lambda: queue.failed_count() == 2 and queue.inactive_count() == 0)


def test_a_reader_and_a_producer_need_no_more_than_their_rules(
    server: RedisServer, make_queue: MakeQueue, refused: Any
) -> None:
    worker = make_queue(server.url)
    worker.process("email", lambda job: "sent")
    worker.process("hold", hold)
    job = worker.create("email").save()
    with server.client() as client:
        client.script_flush()
    read_all(make_queue(url(server, "kue-reader")), job.id)
    with server.client() as client:
        client.script_flush()
    write_all(make_queue(url(server, "kue-producer"), send=True))
    assert refused() == set()


def test_a_reader_changes_nothing(server: RedisServer, make_queue: MakeQueue) -> None:
    with pytest.raises(kue.RedisRefused):
        make_queue(url(server, "kue-reader")).create("email").save()
    with server.client() as client:
        assert client.keys() == []


def test_a_worker_needs_no_more_than_its_rules(server: RedisServer, make_queue: MakeQueue, refused: Any) -> None:
    with server.client() as client:
        # jobs of a process that is dead, and a job that a dead Node worker had popped
        make_queue(server.url).create("email").save().active()
        client.hset("q:job:1", "workerId", "kue:box:1-abcdef01:email:1")
        make_queue(server.url).create("email").save()
        client.zrem("q:jobs:email:inactive", "01|2")
    queue = make_queue(
        url(server, "kue-worker"),
        send=True,
        lease=300,
        stuck_after=100,
        keep={"complete": 100},
        purge={"failed": 60_000},
    )
    run_all(queue)
    Purge(queue.runtime).run_once(queue.runtime.store.now())
    wait_until(lambda: queue.active_count() == 0 and queue.complete_count() >= 3)
    queue.shutdown(5000)
    assert refused() == set()


def test_the_full_text_index_needs_no_more_than_these_rules(
    server: RedisServer, make_queue: MakeQueue, refused: Any
) -> None:
    producer = make_queue(url(server, "kue-producer"), disable_search=False)
    job = producer.create("letter", " ".join(f"word{n}" for n in range(2000))).save()
    job.search_keys([]).update()
    job.search_keys(None).update()
    job.remove()
    Unindexing(make_queue(url(server, "kue-worker")).runtime.store).run_once(0)
    with server.client() as client:
        assert client.keys("q:search:*") == []
        producer.create("letter", "moon").save()
        client.hset("q:job:2", "py_reindex", "token")
        client.zadd("q:search:object:77", {"HL": 1})
        client.zadd("q:search:word:HL", {"77": 1, "78": 1, "2": 1})
    doctor = make_queue(url(server, "kue-doctor"))
    repair(doctor, examine(doctor, grace=0), grace=0)
    assert examine(doctor, grace=0).is_clean
    assert doctor.reindex() == 1
    assert refused() == set()


def test_the_doctor_needs_no_more_than_its_rules(server: RedisServer, refused: Any) -> None:
    with server.client() as client:
        queue = kue.Queue(redis=server.url)
        queue.save_all(queue.create(type) for type in ("email", "pdf") for _ in range(4))
        queue.shutdown()
        client.zrem("q:jobs:inactive", "01|1")
        client.delete("q:email:jobs", "q:job:5")
        client.hset("q:job:3", "data", "{")
        client.hdel("q:job:4", "type")
        client.rpush("q:job:99:log", "a line")
        client.hset("q:unique:jobs", "u", 77)
        client.set("q:ids", 3)
        client.hset("q:job:6", "state", "active")
        client.rpush("q:pdf:jobs", 1, 1, 1)
        client.hset("q:job:7", "state", "odd")
        client.zadd("q:jobs:failed", {"odd": 1})
    command = [sys.executable, "-m", "kue", "doctor", "--fix", "--grace", "0ms", "--redis", url(server, "kue-doctor")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, refused()) == (0, set()), done.stdout + done.stderr


def test_a_worker_without_rights_to_kues_locks_names_them(
    server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "kue-worker", "resetkeys", "~q:*")
        queue = make_queue(url(server, "kue-worker"), promotion={"interval": 20})
        queue.process("email", lambda job: "sent")
        job = queue.create("email", delay=1).save()
        wait_until(lambda: errors and queue.health()["problems"])
        assert isinstance(errors[0], kue.RedisRefused) and PROMOTION_LOCK in str(errors[0])
        assert queue.health()["problems"] == [str(errors[0])]

        client.execute_command("ACL", "SETUSER", "kue-worker", f"~{PROMOTION_LOCK}")
        wait_until(lambda: queue.complete() == [job.id] and queue.health()["problems"] == [])
        wait_until(lambda: len(errors) == 2)
        assert isinstance(errors[1], kue.Recovered)
    errors.clear()


def test_a_worker_that_may_not_ask_for_the_time_runs_nothing_and_names_the_command(
    server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    with server.client() as client:
        for role in ("kue-worker", "kue-producer"):
            client.execute_command("ACL", "SETUSER", role, "-time")
        job = make_queue(url(server, "kue-producer")).create("email").save()
        queue = make_queue(url(server, "kue-worker"))
        queue.process("email", lambda job: "sent")
        wait_until(lambda: errors)
        assert isinstance(errors[0], kue.RedisRefused) and "leases need the command TIME" in str(errors[0])
        assert queue.health()["problems"] == [str(errors[0])]
        assert queue.inactive() == [job.id]

        client.execute_command("ACL", "SETUSER", "kue-worker", "+time")
        wait_until(lambda: queue.complete() == [job.id] and queue.health()["problems"] == [])
        wait_until(lambda: len(errors) == 2)
        assert isinstance(errors[1], kue.Recovered)
    errors.clear()


def test_a_worker_that_may_not_unblock_runs_jobs_of_all_its_types(
    server: RedisServer, make_queue: MakeQueue, refused: Any
) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "kue-worker", "-client")
    queue = make_queue(url(server, "kue-worker"), send=True)
    for type in ("email", "pdf"):
        queue.process(type, lambda job: job.type)
    for _ in range(3):
        for type in ("email", "pdf"):
            assert queue.create(type).promise(10_000).result() == type
    queue.shutdown(5000)
    assert refused() == {("command", "client|id")}


def test_an_error_reply_to_a_wait_for_tokens_keeps_its_kind(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    with own_server.client() as client:
        queue = make_queue(own_server.url)
        queue.process("email", lambda job: None)
        wait_until(lambda: queue.health()["ready"])
        client.execute_command("ACL", "SETUSER", "default", "-blpop")
        wait_until(lambda: bool(errors))
        client.execute_command("ACL", "SETUSER", "default", "+blpop")
        problem = errors[0]
        assert isinstance(problem, kue.RedisRefused) and "waiting for ['email']" in str(problem)
        assert isinstance(problem.__cause__ or redis.ResponseError(), redis.ResponseError)
        wait_until(lambda: isinstance(errors[-1], kue.Recovered))
    errors.clear()
