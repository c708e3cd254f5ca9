"""A promise's timeout comes in time whatever Redis does; a first call that Redis does not answer says what is wrong."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kue
from kue.connection.address import ADDRESS_HINT, resolve
from kue.events import subscriber
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

LATEST = 3.0  # seconds after its time, on a busy machine; before, it was up to ten


@pytest.fixture
def proxy(own_server: RedisServer) -> Iterator[Proxy]:
    with Proxy(own_server.port) as proxy:
        yield proxy


@pytest.fixture
def queue(proxy: Proxy, make_queue: MakeQueue) -> Any:
    """A queue of kue_send whose network fails on demand."""
    return make_queue(proxy.url, send=True)


def lateness(queue: Any, *timeouts: int) -> Callable[[], list[float]]:
    """Promises with these timeouts; how late each was, once all are settled."""
    settled: dict[int, float] = {}
    promises = {}
    for timeout in timeouts:
        began = time.monotonic()
        promise = promises[timeout] = queue.create("nobody").promise(timeout)

        def note(promise: Any, timeout: int = timeout, began: float = began) -> None:
            settled[timeout] = time.monotonic() - began - timeout / 1000

        promise.add_done_callback(note)

    def wait() -> list[float]:
        wait_until(lambda: len(settled) == len(timeouts))
        assert all(isinstance(promise.exception(), kue.PromiseTimeout) for promise in promises.values())
        return list(settled.values())

    return wait


def in_time(late: list[float]) -> bool:
    return all(-0.05 < one < LATEST for one in late)


def test_a_timeout_comes_in_time_while_redis_answers_no_question(
    queue: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, errors: list[BaseException]
) -> None:
    monkeypatch.setattr("kue.events.resync.CHECK_EVERY_SECONDS", 0.02)
    late = lateness(queue, 200, 400, 600)
    proxy.stall()
    assert in_time(late())
    proxy.resume()


def test_a_timeout_comes_in_time_while_a_new_subscription_is_not_answered(
    queue: Any, proxy: Proxy, errors: list[BaseException]
) -> None:
    late = lateness(queue, 200, 400, 600)
    proxy.stall()
    proxy.cut()
    assert in_time(late())
    proxy.resume()
    wait_until(lambda: errors and isinstance(errors[-1], kue.ConnectionRestored))
    assert [type(problem) for problem in errors] == [kue.ConnectionFailed, kue.ConnectionRestored]
    errors.clear()


def test_a_timeout_comes_in_time_while_redis_refuses_connections(
    queue: Any, proxy: Proxy, errors: list[BaseException]
) -> None:
    late = lateness(queue, 300, 600, 900)
    proxy.refuse()
    proxy.cut()
    assert in_time(late())
    proxy.admit()
    wait_until(lambda: errors and isinstance(errors[-1], kue.ConnectionRestored))
    errors.clear()


def test_a_promise_of_a_job_that_ended_in_a_silence_settles_after_it(
    queue: Any, proxy: Proxy, own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    promises = [queue.create("email", n).promise(60_000) for n in range(50)]
    proxy.stall()
    proxy.cut()
    near = make_queue(own_server.url)
    near.process("email", 5, lambda job: job.data)
    wait_until(lambda: near.complete_count() == 50)
    proxy.resume()
    assert [promise.result(10) for promise in promises] == list(range(50))
    wait_until(lambda: errors and isinstance(errors[-1], kue.ConnectionRestored))
    errors.clear()


class TestTheFirstCall:
    """To a server that accepts, and answers nothing."""

    @pytest.fixture
    def silent(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"

    CALLS: tuple[Callable[[Any], object], ...] = (
        lambda queue: queue.on("job complete", print),
        lambda queue: queue.create("email").on("complete", print).save(),
        lambda queue: queue.create("email").promise(),
        lambda queue: queue.save_all([queue.create("email").on("complete", print)]),
    )

    @pytest.mark.parametrize("call", CALLS, ids=["queue.on", "job.save", "job.promise", "queue.save_all"])
    def test_a_call_that_subscribes_fails_with_the_message_of_a_plain_save(
        self, silent: str, make_queue: MakeQueue, call: Callable[[Any], object], errors: list[BaseException]
    ) -> None:
        """A save asks Redis for its clock before it subscribes. Only if it did subscribe, that is reported as well."""
        queue = make_queue(f"{silent}?socket_timeout=0.2", send=True)
        texts = []
        for attempt in (lambda queue: queue.create("email").save(), call):
            with pytest.raises(kue.KueError) as failed:
                attempt(queue)
            texts.append(re.sub(r"^save_all broke off after 0 saved jobs: ", "", str(failed.value)))
        assert texts[0] == texts[1]
        assert texts[0].startswith(f"cannot reach Redis at {silent} (") and texts[0].endswith(f"; {ADDRESS_HINT}")
        subscribed = queue.runtime.hub._subscriber.is_alive
        wait_until(lambda: bool(errors) or not subscribed)
        errors.clear()

    def test_a_call_that_waits_no_longer_fails_with_that_message(self, silent: str, make_queue: MakeQueue) -> None:
        queue = make_queue(f"{silent}?socket_timeout=1")
        with pytest.raises(kue.ConnectionFailed) as failed:
            queue.runtime.hub._subscriber.ensure(timeout=0.05)
        assert str(failed.value) == f"cannot reach Redis at {silent} (no answer in 0.05 s); {ADDRESS_HINT}"
        assert not failed.value.sent

    def test_a_call_waits_longer_than_an_attempt_to_connect(self, silent: str) -> None:
        connection: Any = resolve(silent).connection()
        assert connection.socket_connect_timeout + connection.socket_timeout < subscriber._ENSURE_SECONDS
