"""Saving: one round trip for a job, a pipeline for many, and what is in Redis if it was interrupted."""

import select
import socket
import threading
from typing import Any

import pytest

import kue
from kue import Job
from tests.crash.proxy import Proxy
from tests.helpers import keyspace, wait_until
from tests.integration.commands import commands
from tests.integration.conftest import MakeQueue
from tests.servers import offered

CHUNK = 500  # how many jobs go out in one pipeline,
SCRIPTS = 10  # in so many scripts


def emails(queue: Any, count: int) -> list[Any]:
    return [queue.create("email", {"n": n}) for n in range(count)]


@pytest.fixture
def proxy(client: Any) -> Any:
    """A network to the shared Redis that fails on demand."""
    with Proxy(client.connection_pool.connection_kwargs["port"]) as proxy:
        yield proxy


@pytest.mark.parametrize("options", [{}, {"delay": 9000, "priority": "low", "attempts": 3, "backoff": True}])
def test_saving_a_job_is_one_command(queue: Any, client: Any, options: dict[str, Any]) -> None:
    queue.create("email").save()
    with commands(client) as sent:
        queue.create("email", {"to": "tj"}, **options).save()
    assert sent == ["EVALSHA"]


@pytest.mark.parametrize("backend", offered("redis", "redis62", "valkey", "cluster"), indirect=True)
def test_saving_a_job_is_one_command_on_every_server(everywhere: Any, backend: Any) -> None:
    everywhere.create("email").save()
    with commands(backend.client) as sent:
        everywhere.create("email").save()
    assert sent == ["EVALSHA"]


def test_saving_a_job_with_listeners_is_one_command_once_the_queue_listens(queue: Any, client: Any) -> None:
    queue.create("email").on("complete", print).save()
    with commands(client) as sent:
        queue.create("email").on("complete", print).save()
    assert sent == ["EVALSHA"]


def test_a_job_whose_events_are_off_is_saved_without_subscribing(make_queue: MakeQueue, client: Any) -> None:
    make_queue().create("email").events(False).on("complete", print).save()
    make_queue(job_events=False).create("email").on("complete", print).save()
    assert client.pubsub_numsub("q:events") == [(b"q:events", 0)]


def test_events_of_a_job_go_before_those_of_its_queue(make_queue: MakeQueue) -> None:
    queue = make_queue(job_events=False, job_flags={"loud": {"events": True}})
    queue.process(["email", "loud"], lambda job: job.type)
    assert [queue.create(type).events() for type in ("email", "loud")] == [False, True]
    heard: list[Any] = []
    queue.create("email").on("complete", heard.append).save()
    queue.create("loud").on("complete", heard.append).save()
    queue.create("email").events(True).on("complete", heard.append).save()
    wait_until(lambda: sorted(heard) == ["email", "loud"])


def test_ids_count_up_and_an_unsaved_job_has_none(everywhere: Any) -> None:
    job = everywhere.create("email")
    assert (job.id, job.state()) == (None, None)
    assert job.save() is job
    assert [job.id, *(everywhere.create("email").save().id for _ in range(3))] == [1, 2, 3, 4]
    assert (job.state(), job.created_at, job.promote_at) == ("inactive", job.updated_at, job.created_at)


class TestSaveAll:
    def test_save_all_gives_ids_in_order_and_returns_the_jobs(self, everywhere: Any) -> None:
        jobs = emails(everywhere, 1200)
        saved = everywhere.save_all(iter(jobs))
        assert all(one is other for one, other in zip(saved, jobs, strict=True))
        assert [job.id for job in saved] == list(range(1, 1201))
        assert [job.data["n"] for job in Job.range(0, -1, queue=everywhere)] == list(range(1200))
        assert everywhere.inactive_count("email") == 1200

    def test_save_all_sends_one_command_for_fifty_jobs(self, queue: Any, client: Any) -> None:
        queue.create("email").save()
        with commands(client) as sent:
            queue.save_all(emails(queue, 720))
        assert sent == ["EVALSHA"] * 15

    def test_save_all_sends_fewer_jobs_at_once_if_they_are_big(self, queue: Any, client: Any) -> None:
        queue.create("email").save()
        with commands(client) as sent:
            queue.save_all(queue.create("email", "x" * 30_000) for _ in range(10))
        assert sent == ["EVALSHA"] * 5

    def test_save_all_sends_some_hundred_jobs_before_it_waits_for_an_answer(
        self, queue: Any, client: Any, proxy: Any
    ) -> None:
        """A server that answers only once it has a whole chunk would hold up for ever whoever waits before."""
        queue.create("email").save()
        with PatientServer(client, SCRIPTS) as server:
            far = kue.Queue(redis=server.url, stats=False)
            assert [job.id for job in far.save_all(emails(far, 2 * CHUNK))] == list(range(2, 2 * CHUNK + 2))
            assert server.waited_for == [SCRIPTS, SCRIPTS]
            far.shutdown()

    def test_save_all_without_jobs_sends_nothing(self, queue: Any, client: Any) -> None:
        queue.create("email").save()
        with commands(client) as sent:
            assert queue.save_all([]) == []
        assert sent == []

    def test_save_all_mixes_types_states_and_listeners(self, queue: Any) -> None:
        heard: list[Any] = []
        jobs = [queue.create("email"), queue.create("pdf", delay=60_000), queue.create("pdf")]
        jobs[2].on("complete", heard.append)
        queue.save_all(jobs)
        assert [job.state() for job in jobs] == ["inactive", "delayed", "inactive"]
        queue.process("pdf", lambda job: "done")
        wait_until(lambda: heard == ["done"])

    def test_save_all_refuses_data_that_json_cannot_hold_before_it_writes(self, queue: Any, client: Any) -> None:
        jobs = [*emails(queue, 600), queue.create("email", {"n": {1, 2}})]
        with pytest.raises(kue.InvalidJobData, match=r"data\.n"):
            queue.save_all(jobs)
        assert keyspace(client) == {}
        assert {job.id for job in jobs} == {None}

    @pytest.mark.parametrize("wrong", ["saved", "twice", "no job", "another queue's"])
    def test_save_all_takes_only_new_jobs_of_its_queue_and_each_once(
        self, queue: Any, make_queue: MakeQueue, client: Any, wrong: str
    ) -> None:
        saved, new = queue.create("email").save(), queue.create("email")
        before = keyspace(client)
        other = make_queue(prefix="other").create("email")
        bad = {"saved": saved, "twice": new, "no job": {"type": "email"}, "another queue's": other}
        jobs = [new, bad[wrong]]
        with pytest.raises(kue.InvalidOption, match="save_all"):
            queue.save_all(jobs)
        assert keyspace(client) == before


class TestInterrupted:
    @pytest.mark.parametrize("listening", [False, True])
    def test_an_interrupted_save_all_names_the_jobs_that_were_saved(
        self, proxy: Any, make_queue: MakeQueue, client: Any, listening: bool
    ) -> None:
        queue = make_queue(proxy.url)
        queue.create("email").save()
        jobs = emails(queue, 3 * CHUNK)
        if listening:
            jobs[0].on("complete", print)
        cut = proxy.lose_reply(b'{"n":%d}' % (CHUNK + 7))
        with pytest.raises(kue.SaveInterrupted, match=f"{CHUNK} saved") as caught:
            queue.save_all(jobs)
        assert cut.is_set()
        assert caught.value.saved == jobs[:CHUNK]
        assert isinstance(caught.value.__cause__, kue.SaveInDoubt)
        assert [job.id for job in jobs] == [*range(2, CHUNK + 2), *[None] * 2 * CHUNK]
        stored = {job.data["n"] for job in Job.range(1, -1, queue=make_queue())}
        assert stored >= set(range(CHUNK + 1))
        assert stored <= set(range(2 * CHUNK)), "after the break nothing more is sent"

    def test_jobs_that_were_not_sent_can_be_saved_again(self, proxy: Any, make_queue: MakeQueue) -> None:
        queue = make_queue(proxy.url)
        jobs = emails(queue, CHUNK + 1)
        cut = proxy.lose_request(b'{"n":%d}' % CHUNK)
        with pytest.raises(kue.SaveInterrupted) as caught:
            queue.save_all(jobs)
        assert cut.is_set() and len(caught.value.saved) == CHUNK
        queue.save_all(jobs[CHUNK:])
        assert [job.data["n"] for job in Job.range(0, -1, queue=queue)] == list(range(CHUNK + 1))

    @pytest.mark.parametrize("was_used", [False, True])
    @pytest.mark.parametrize("listening", [False, True])
    def test_save_all_to_a_server_that_is_gone_saves_nothing(
        self, proxy: Any, make_queue: MakeQueue, errors: list[BaseException], listening: bool, was_used: bool
    ) -> None:
        queue = make_queue(proxy.url)
        if was_used:  # else it asks for the time first
            queue.types()
        proxy.refuse()
        proxy.cut()
        jobs = emails(queue, 3)
        if listening:
            jobs[1].on("complete", print)
        with pytest.raises(kue.SaveInterrupted) as caught:
            queue.save_all(jobs)
        assert caught.value.saved == []
        assert isinstance(caught.value.__cause__, kue.ConnectionFailed) and not caught.value.__cause__.sent
        if listening and was_used:  # the subscription is without Redis as well
            wait_until(lambda: errors)
            assert isinstance(errors.pop(), kue.ConnectionFailed)

    def test_a_refusal_in_the_middle_ends_save_all(self, queue: Any, client: Any) -> None:
        client.hset("q:pdf:jobs", "no", "list")
        jobs = [queue.create("email"), queue.create("pdf"), queue.create("email")]
        with pytest.raises(kue.SaveInterrupted, match="WRONGTYPE") as caught:
            queue.save_all(jobs)
        assert caught.value.saved[0] is jobs[0]
        assert isinstance(caught.value.__cause__, kue.RedisRefused)

    def test_a_save_whose_answer_was_lost_is_in_doubt_and_not_repeated(
        self, proxy: Any, make_queue: MakeQueue, client: Any
    ) -> None:
        queue = make_queue(proxy.url)
        queue.create("email").save()
        proxy.lose_reply(b"lost letter")
        job = queue.create("email", "lost letter")
        with pytest.raises(kue.SaveInDoubt, match="may or may not") as caught:
            job.save()
        assert caught.value.sent and job.id is None
        assert [found.data for found in Job.range(0, -1, queue=queue)] == [{}, "lost letter"]


class PatientServer:
    """Passes on to a Redis, and answers only once `most` more EVALSHA have come; how many had come each time."""

    def __init__(self, client: Any, most: int) -> None:
        settings = client.connection_pool.connection_kwargs
        self._target, self._most = (settings["host"], settings["port"]), most
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self.waited_for: list[int] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "PatientServer":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        near, _ = self._listener.accept()
        with near, socket.create_connection(self._target) as redis:
            pending, answers = b"", b""
            while True:
                readable, _, _ = select.select([near, redis], [], [])
                if near in readable:
                    if not (data := near.recv(1 << 16)):
                        return
                    redis.sendall(data)
                    pending += data
                if redis in readable:
                    answers += redis.recv(1 << 16)
                asked = pending.count(b"\r\nEVALSHA\r\n")
                if asked == 0 or (asked >= self._most and answers.count(b"\r\n") >= self._most):
                    if asked:  # told before the client can go on
                        self.waited_for.append(asked)
                    near.sendall(answers)
                    pending, answers = (b"" if asked else pending), b""
