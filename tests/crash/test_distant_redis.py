"""Workers far from Redis: a handler's end is sent at once, and no more jobs are taken than slots are free."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.crash.conftest import Watched
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.servers import RedisServer

SLOTS = 10
MakeQueue = Callable[..., Watched]


class Handlers:
    """Handlers that each wait until they are let go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, threading.Event] = {}
        self.running = self.most = 0
        self.began: list[int] = []

    def __call__(self, job: Any) -> None:
        let_go = threading.Event()
        with self._lock:
            self._waiting[job.id] = let_go
            self.began.append(job.id)
            self.running += 1
            self.most = max(self.most, self.running)
        let_go.wait(60)
        with self._lock:
            self.running -= 1

    @property
    def waiting(self) -> list[int]:
        with self._lock:
            return list(self._waiting)

    def let_go(self, id: int) -> None:
        with self._lock:
            self._waiting.pop(id).set()


@pytest.fixture
def network(stack: ExitStack, server: RedisServer) -> Proxy:
    """A network that takes 2 ms each way."""
    return stack.enter_context(Proxy(server.port, delay=0.002))


@pytest.fixture
def far(network: Proxy, make_queue: MakeQueue) -> Watched:
    """A queue behind the network, with a lease that lasts while replies are held up."""
    return make_queue(network.url, lease=60_000)


@pytest.fixture
def near(server: RedisServer, make_queue: MakeQueue) -> Watched:
    """A queue for the test's own use."""
    return make_queue(server.url)


def test_outcomes_and_takes_of_many_handlers_are_sent_while_no_reply_comes(
    network: Proxy, far: Watched, near: Watched
) -> None:
    handlers = Handlers()
    near.save_all(near.create("email") for _ in range(2 * SLOTS))
    far.process("email", SLOTS, handlers)
    wait_until(lambda: len(handlers.waiting) == SLOTS)

    network.stall_replies()
    for ended, id in enumerate(handlers.waiting[:6], 1):
        handlers.let_go(id)
        expected = (ended, SLOTS)
        wait_until(lambda expected=expected: (near.complete_count(), near.active_count()) == expected)  # type: ignore[misc]
    network.resume()

    wait_until(lambda: len(handlers.waiting) == SLOTS)
    for id in handlers.waiting:
        handlers.let_go(id)
    wait_until(lambda: len(handlers.waiting) == SLOTS - 6)
    for id in handlers.waiting:
        handlers.let_go(id)
    wait_until(lambda: near.complete_count() == 2 * SLOTS)
    assert handlers.most == SLOTS and far.errors == []


def test_a_handler_that_waits_for_its_reports_holds_up_no_other(network: Proxy, far: Watched, near: Watched) -> None:
    reads = threading.Event()
    handlers = Handlers()

    def read(job: Any) -> str | None:
        handlers(job)
        job.log("before")
        reads.set()
        field: str | None = job.get_field("type")
        return field

    near.create("reader").save()
    near.create("email").save()
    far.process("reader", 1, read)
    far.process("email", 1, handlers)
    wait_until(lambda: len(handlers.waiting) == 2)
    reader, other = sorted(handlers.waiting)

    network.stall_replies()
    handlers.let_go(reader)
    assert reads.wait(10)
    wait_until(lambda: near.job_class.get_log(reader, queue=near) == ["before"])
    handlers.let_go(other)
    wait_until(lambda: near.complete_count() == 1)
    network.resume()

    wait_until(lambda: near.complete_count() == 2)
    assert near.job_class.get(reader, queue=near).result == "reader" and far.errors == []


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_no_more_jobs_are_active_than_there_are_slots(
    stack: ExitStack, start_server: Callable[..., RedisServer], make_queue: MakeQueue, tls: bool
) -> None:
    server = start_server(tls=tls)
    network = stack.enter_context(Proxy(server.tls_port if tls else server.port, delay=0.002))
    url = server.tls_url.replace(str(server.tls_port), str(network.port)) if tls else network.url
    near, far = make_queue(server.url), make_queue(url)
    count, ran = 40 * SLOTS, []
    near.save_all(near.create("email", {"ms": n % 7}) for n in range(count))

    def work(job: Any) -> None:
        threading.Event().wait(job.data["ms"] / 1000)
        ran.append(job.id)

    far.process("email", SLOTS, work)
    active: list[int] = []

    def is_done() -> bool:
        active.append(near.active_count())
        return near.complete_count() == count

    wait_until(is_done, 60)
    assert max(active) <= SLOTS
    assert sorted(ran) == list(range(1, count + 1)) and far.errors == []


def test_slots_can_be_removed_while_takes_are_on_their_way(far: Watched, near: Watched) -> None:
    count, ran = 60, []

    def work(job: Any, ctx: Any, done: Callable[[], None]) -> None:
        ran.append(job.id)
        if job.data["removes"]:
            ctx.shutdown()
        done()

    near.save_all(near.create("email", {"removes": 10 < n < 10 + SLOTS}) for n in range(count))
    far.process("email", SLOTS, work)
    wait_until(lambda: near.complete_count() == count)
    wait_until(lambda: len(far.workers) == 1)
    assert sorted(ran) == list(range(1, count + 1)) and far.errors == []


def let_some_go(network: Proxy, far: Watched, near: Watched, handlers: Handlers) -> None:
    """Have six outcomes and six takes carried out, each in a batch of its own, and hold up the replies."""
    near.save_all(near.create("email") for _ in range(2 * SLOTS))
    far.process("email", SLOTS, handlers)
    wait_until(lambda: len(handlers.waiting) == SLOTS)
    network.stall_replies()
    for ended, id in enumerate(handlers.waiting[:6], 1):
        handlers.let_go(id)
        wait_until(lambda ended=ended: near.complete_count() == ended)  # type: ignore[misc]
    wait_until(lambda: near.active_count() == SLOTS)


@pytest.mark.parametrize("way", ["cut", "half-open"])
def test_jobs_of_many_takes_that_were_not_answered_run_all_the_same_and_once(
    network: Proxy, near: Watched, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr("kue.worker.io.idle._GRACE_SECONDS", 0.3)
    far = make_queue(f"{network.url}?socket_timeout=3" if way == "half-open" else network.url, lease=60_000)
    handlers = Handlers()
    let_some_go(network, far, near, handlers)
    if way == "cut":
        network.cut()
    else:
        network.strand()
    network.resume()

    def let_go_of_all() -> bool:
        for id in handlers.waiting:
            handlers.let_go(id)
        return near.complete_count() == 2 * SLOTS

    wait_until(lambda: far.outages[-1:] == ["back"], 30)
    wait_until(lambda: sum(near.job_class.get(id, queue=near).requeues for id in range(1, 2 * SLOTS + 1)) == 6, 30)
    wait_until(let_go_of_all, 30)
    assert sorted(handlers.began) == list(range(1, 2 * SLOTS + 1))
    assert handlers.most == SLOTS


def test_a_shutdown_writes_every_outcome_and_puts_the_rest_back_with_many_batches_on_their_way(
    network: Proxy, far: Watched, near: Watched
) -> None:
    handlers = Handlers()
    let_some_go(network, far, near, handlers)
    stopping = threading.Thread(target=lambda: far.shutdown(0, requeue=True))
    stopping.start()
    wait_until(lambda: far.is_shut_down)
    network.resume()
    stopping.join(30)
    assert not stopping.is_alive()
    assert (near.complete_count(), near.active_count(), near.inactive_count()) == (6, 0, 2 * SLOTS - 6)
    for id in handlers.waiting:
        handlers.let_go(id)


@pytest.mark.parametrize("refusal", ["read-only", "out of memory"])
def test_reports_and_takes_that_redis_refuses_for_a_while_are_sent_again(
    server: RedisServer, network: Proxy, far: Watched, near: Watched, refusal: str
) -> None:
    handlers = Handlers()
    let_some_go(network, far, near, handlers)
    with server.client() as client:
        if refusal == "read-only":
            client.replicaof("127.0.0.1", 1)
        else:
            client.config_set("maxmemory", 1)
        for id in handlers.waiting[:3]:
            handlers.let_go(id)
        network.resume()
        wait_until(lambda: far.outages[-1:] == ["lost"])
        if refusal == "read-only":
            client.replicaof("NO", "ONE")
        else:
            client.config_set("maxmemory", 0)

    def let_go_of_all() -> bool:
        for id in handlers.waiting:
            handlers.let_go(id)
        return near.complete_count() == 2 * SLOTS

    wait_until(let_go_of_all, 30)
    assert sorted(handlers.began) == list(range(1, 2 * SLOTS + 1))
    assert handlers.most == SLOTS


def test_scripts_that_redis_forgets_are_loaded_with_many_batches_on_their_way(
    server: RedisServer, far: Watched, near: Watched
) -> None:
    count, ran = 400, []

    def work(job: Any) -> None:
        threading.Event().wait(job.data["ms"] / 1000)
        ran.append(job.id)

    near.save_all(near.create("email", {"ms": n % 7}) for n in range(count))
    far.process("email", SLOTS, work)
    with server.client() as client:
        for share in range(1, 10):
            wait_until(lambda share=share: near.complete_count() >= share * count // 10)  # type: ignore[misc]
            client.script_flush()
    wait_until(lambda: near.complete_count() == count)
    assert sorted(ran) == list(range(1, count + 1)) and far.errors == []


def test_messages_are_written_once_though_redis_was_read_only(server: RedisServer, far: Watched, near: Watched) -> None:
    """A Redis that becomes a replica ends the wait for tokens with an error, while reports are on their way."""
    count = 150

    def work(job: Any) -> None:
        for line in "abc":
            job.log(line)
            threading.Event().wait(0.005)

    near.save_all(near.create("email") for _ in range(count))
    far.process("email", SLOTS, work)
    far.process("other", 1, work)  # waits for a token
    with server.client() as client:
        for share in range(1, 6):
            wait_until(lambda share=share: near.complete_count() >= share * count // 6)  # type: ignore[misc]
            client.replicaof("127.0.0.1", 1)
            client.replicaof("NO", "ONE")
    wait_until(lambda: near.complete_count() == count, 60)
    logs = [near.job_class.get_log(id, queue=near) for id in range(1, count + 1)]
    assert [log for log in logs if log != ["a", "b", "c"]] == []
