"""Errors and data of many megabytes: what is stored and sent has limits, and no listener is cut off by Redis."""

import logging
import threading
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.deafness import deaf

LIMIT = 4_000_000  # bytes of JSON that an event carries
LARGE = "x" * (LIMIT + 1)
HUGE = 20_000_000  # characters


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    return make_queue(send=True)


@pytest.fixture
def messages(client: Any) -> Any:
    """Reads what is published: the size of each message by event."""
    ear = client.pubsub(ignore_subscribe_messages=True)
    ear.subscribe("q:events")
    ear.get_message(timeout=1)

    def read() -> dict[str, int]:
        client.publish("q:events", b"end")
        sizes: dict[str, int] = {}
        while (message := wait_until(lambda: ear.get_message(timeout=1)))["data"] != b"end":
            sizes[message["data"].split(b'"')[5].decode()] = len(message["data"])
        return sizes

    yield read
    ear.close()


class TestErrors:
    def test_a_huge_message_is_cut_wherever_it_goes(self, queue: Any, client: Any, messages: Any) -> None:
        def work(job: Any) -> None:
            raise ValueError("begin " + "x" * HUGE + " end")

        queue.process("email", work)
        promise = queue.create("email").promise()
        with pytest.raises(kue.JobFailed) as caught:
            promise.result(30)
        message, stack = caught.value.message, caught.value.stack
        assert len(message) <= 4000 and message.startswith("begin xx") and message.endswith("xx end")
        assert "characters left out" in message
        stored = client.hget("q:job:1", "error").decode()
        assert stored == stack and len(stored) <= 64_000
        assert stored.startswith("ValueError: begin xx") and "in work" in stored and stored.endswith("xx end")
        [line] = queue.job_class.get_log(1, queue=queue)
        assert len(line) <= 4000 and stored.startswith(line)
        sizes = messages()
        assert sizes["failed"] < 5000 and sizes["error"] < 70_000
        assert client.memory_usage("q:job:1") < 200_000

    def test_the_log_of_a_run_has_the_stored_text_of_a_huge_error(
        self, queue: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        def work(job: Any) -> None:
            raise ValueError("x" * HUGE)

        queue.process("email", work)
        queue.create("email").save()
        wait_until(lambda: queue.failed_count() == 1)
        [record] = [record for record in caplog.records if record.name == "kue.run"]
        logged = logging.Formatter().format(record)
        assert len(logged) < 70_000 and "in work" in logged

    def test_a_huge_error_reported_by_hand_is_cut(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save().error("\u2709" * HUGE)
        assert 63_000 < len(client.hget("q:job:1", "error")) <= 64_000
        assert job.error() == client.hget("q:job:1", "error").decode()

    def test_a_line_of_the_log_is_not_cut(self, queue: Any) -> None:
        queue.create("email").save().log("x" * 100_000)
        assert queue.job_class.get_log(1, queue=queue) == ["x" * 100_000]

    def test_a_listener_s_huge_error_is_reported_in_short(self, queue: Any, errors: list[BaseException]) -> None:
        def raises(result: Any) -> None:
            raise ValueError("x" * HUGE)

        queue.process("email", lambda job: None)
        queue.create("email").on("complete", raises).save()
        wait_until(lambda: errors)
        assert len(str(errors.pop())) < 5000

    def test_the_text_of_a_huge_result_that_json_cannot_hold_is_cut(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        class Huge:
            def __str__(self) -> str:
                return "x" * HUGE

        queue.process("email", lambda job: Huge())
        with pytest.raises(kue.InvalidJobData):
            queue.create("email").promise().result(10)
        assert len(client.hget("q:job:1", "result")) < 5000
        wait_until(lambda: errors)
        assert len(str(errors.pop())) < 5000


class TestData:
    @pytest.mark.parametrize("size", [LIMIT - 2, LIMIT - 1])
    def test_a_result_is_left_out_of_its_event_beyond_the_limit(self, queue: Any, messages: Any, size: int) -> None:
        """Two of the bytes are the quotes of the string."""
        queue.process("email", lambda job: "x" * size)
        job_heard: list[Any] = []
        queue_heard: list[Any] = []
        queue.on("job complete", lambda id, result: queue_heard.append((id, result)))
        promise = queue.create("email").on("complete", job_heard.append).promise()
        assert promise.result(30) == "x" * size
        wait_until(lambda: job_heard and queue_heard)
        assert (job_heard, queue_heard) == (["x" * size], [(1, "x" * size)])
        assert (messages()["complete"] > size) is (size == LIMIT - 2)

    def test_a_job_that_removes_itself_sends_its_whole_result(self, queue: Any, messages: Any) -> None:
        queue.process("email", lambda job: LARGE)
        assert queue.create("email", remove_on_complete=True).promise().result(30) == LARGE
        assert messages()["complete"] > LIMIT

    def test_progress_data_is_read_from_the_hash(self, queue: Any, messages: Any) -> None:
        heard: list[Any] = []
        queue.on("job progress", lambda id, percent, data: heard.append(("queue", percent, data)))
        queue.process("email", lambda job: job.progress(1, 2, LARGE) and "done")
        job = queue.create("email").on("progress", lambda percent, data: heard.append(("job", percent, data)))
        job.on("complete", heard.append).save()
        wait_until(lambda: len(heard) == 3)
        assert heard.index(("job", 50, LARGE)) < heard.index("done")
        assert ("queue", 50, LARGE) in heard
        assert messages()["progress"] < 200

    def test_a_result_that_is_sent_is_read_from_the_hash(self, queue: Any, messages: Any) -> None:
        heard: list[Any] = []
        queue.process("email", lambda job: job.send("result", LARGE) or "returned")
        promise = queue.create("email").on("result", heard.append).on("complete", heard.append).promise()
        assert promise.result(30) == LARGE
        wait_until(lambda: len(heard) == 2)
        assert heard == [LARGE, "returned"]
        assert messages()["result"] < 200

    def test_other_data_that_is_sent_is_refused(self, queue: Any) -> None:
        job = queue.create("email").save()
        job.send("page", "x" * (LIMIT - 2))
        with pytest.raises(
            kue.InvalidJobData, match="page data: is 4000003 bytes as JSON, and an event carries 4000000"
        ):
            job.send("page", LARGE)

    def test_a_listener_gets_null_if_the_hash_has_nothing_any_more(self, queue: Any, client: Any) -> None:
        """The job was removed before the listener could read its result; to the promise it counts as removed."""
        gate = threading.Event()
        heard: list[Any] = []
        queue.on("job start", lambda id: gate.wait())
        queue.on("job complete", lambda id, result: heard.append(result))
        queue.process("email", lambda job: LARGE)
        queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 1)
        client.delete("q:job:1")
        gate.set()
        wait_until(lambda: heard == [None])

    def test_a_listener_gets_nothing_of_another_job_that_has_the_number_now(self, queue: Any, client: Any) -> None:
        client.hset("q:job:1", mapping={"type": "email", "created_at": 2000, "result": '"of another job"'})
        heard: list[Any] = []
        queue.on("job complete", lambda id, result: heard.append((id, result)))
        left_out = b'{"id":1,"event":"complete","args":["complete",null],"created_at":%d,"cut":true}'
        wait_until(lambda: client.publish("q:events", left_out % 1000))
        client.publish("q:events", left_out % 2000)
        wait_until(lambda: len(heard) == 2)
        assert heard == [(1, None), (1, "of another job")]

    def test_large_events_in_one_batch_cut_no_listener_off(
        self, queue: Any, make_queue: MakeQueue, client: Any, errors: list[BaseException]
    ) -> None:
        many = 12
        gate = threading.Event()
        make_queue().process("email", many, lambda job: gate.wait() and "x" * 7_900_000)
        promises = [queue.create("email").promise() for _ in range(many)]
        wait_until(lambda: queue.active_count() == many)
        gate.set()
        assert [len(promise.result(60)) for promise in promises] == [7_900_000] * many
        assert errors == []

    def test_a_large_result_that_was_missed_is_read_from_the_hash(
        self, queue: Any, make_queue: MakeQueue, client: Any, errors: list[BaseException]
    ) -> None:
        gate = threading.Event()
        make_queue().process("email", lambda job: gate.wait() and LARGE)
        promise = queue.create("email").promise()
        wait_until(lambda: queue.active_count() == 1)
        with deaf(queue, client, errors):
            gate.set()
            wait_until(lambda: queue.complete_count() == 1)
        assert promise.result(30) == LARGE
