"""Node and Python promoters on the same delayed jobs: each job runs once, and each side respects the other's lock."""

from collections import Counter
from collections.abc import Callable

import redis

import kue
from kue.common.clock import now_ms
from kue.maintenance.lock import Lock
from kue.maintenance.promotion import Promotion
from kue.store.keys import PROMOTION_LOCK
from tests.helpers import wait_until
from tests.interop.node import NodeKue
from tests.interop.tellers import PROMOTION, handler
from tests.interop.test_shared_work import Counting, assert_the_books_agree, produce, runs_of
from tests.interop.traces import Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
HOUR = 3_600_000
NEVER = {"interval": HOUR}
HOLD = """() => new Promise(resolve => queue.warlock.lock('promotion', 60000, (error, unlock) => {
    queue.unlock = unlock;
    resolve(Boolean(unlock));
}))"""

COUNT_PROMOTED = """() => {
    const events = require('kue/lib/queue/events');
    const emit = events.emit;
    queue.promoted = 0;
    events.emit = (id, event, ...args) => {
        if (event === 'promotion') queue.promoted += 1;
        emit(id, event, ...args);
    };
}"""


def promotion_of(queue: kue.Queue) -> Promotion:
    return Promotion(queue.runtime.store, queue.runtime.error_reporter, 1000, 1000, 2000)


def test_five_hundred_delayed_jobs_and_more_run_once_each(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue, counting = unharmed_node(promotion=PROMOTION), make_queue(promotion=PROMOTION), Counting()
    node.evaluate(COUNT_PROMOTED)

    def both_have_promoted() -> bool:
        by_both = len(channel.events("promotion"))
        return 0 < int(node.evaluate("() => queue.promoted")) < by_both

    queue.process("email", 5, counting)
    node.process("email", 5)
    ids: list[int] = []
    while len(ids) < 500 or not both_have_promoted():
        ids += produce(node, queue, "email", 50, batch=25, delay=50)
        assert len(ids) <= 10_000
    wait_until(lambda: len(node.events("job complete")) == len(ids), 60)
    assert runs_of(node) + counting.runs == Counter(ids)
    assert_the_books_agree(client, "q", "email", ids)
    assert Counter(event["id"] for event in channel.events("promotion")) == Counter(ids)


def test_node_does_not_promote_while_python_holds_the_lock(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(promotion=PROMOTION), make_queue()
    lock = Lock(queue.runtime.store, PROMOTION_LOCK, 60_000, "nothing is promoted")
    assert lock.acquire()
    id = queue.create("email", delay=1).save().id
    node.process("email")
    node.wait_for_rounds("activeJobsTTL", 10)
    assert channel.names() == []
    assert node.evaluate(HOLD) is False
    lock.release()
    channel.wait_for("complete")
    assert channel.names(id) == ["promotion", "enqueue", "start", "complete"]


def test_python_does_not_promote_while_node_holds_the_lock(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(promotion=NEVER), make_queue()
    promotion = promotion_of(queue)
    node.process("another type")
    id = node.create("email", delay=1)
    assert node.evaluate(HOLD) is True
    held = client.get("promotion:lock")
    promotion.run_once(now_ms() + HOUR)
    assert channel.names() == []
    assert client.get("promotion:lock") == held
    node.evaluate("() => { queue.unlock(); }")
    wait_until(lambda: not client.exists("promotion:lock"))
    promotion.run_once(now_ms() + HOUR)
    assert channel.names(id) == ["promotion", "enqueue"]
    assert not client.exists("promotion:lock")


def test_a_lock_that_python_lost_is_not_used_nor_freed(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    """Python's lock ran out and Node has it now: Python's script sees the other token and moves nothing."""
    node, queue = unharmed_node(promotion=NEVER), make_queue()
    node.process("another type")
    node.create("email", delay=1)
    lock, store = Lock(queue.runtime.store, PROMOTION_LOCK, 60_000, "nothing is promoted"), queue.runtime.store
    assert lock.acquire()
    client.delete("promotion:lock")
    assert node.evaluate(HOLD) is True
    assert store.connections.call(*store.transitions.promote(lock.token, now_ms() + HOUR, 100)) == [-1]
    lock.release()
    assert client.exists("promotion:lock")
    assert queue.delayed_count() == 1


def test_a_promoter_that_dies_with_the_lock_delays_others_no_longer_than_the_lock(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(promotion={"interval": HOUR, "lockTtl": 100}), make_queue(promotion=PROMOTION)
    node.process("another type")
    node.create("email", delay=1)
    assert node.evaluate(HOLD.replace("60000", "100")) is True
    node.kill()
    queue.process("email", handler("echo"))
    channel.wait_for("complete")
    wait_until(lambda: not client.exists("promotion:lock"))  # which Python takes again and again, for a moment


def test_a_promoter_with_more_than_its_limit_goes_on_at_once(make_queue: MakeQueue, client: "redis.Redis") -> None:
    """Rounds of a hundred, in one turn, and no more than the limit."""
    queue = make_queue()
    queue.save_all(queue.create("email", delay=1) for _ in range(450))
    promotion = Promotion(queue.runtime.store, queue.runtime.error_reporter, 1000, 250, 2000)
    assert [promotion.run_once(now_ms() + HOUR), queue.inactive_count()] == [True, 250]
    assert [promotion.run_once(now_ms() + HOUR), queue.inactive_count()] == [False, 450]
    assert client.llen("q:email:jobs") == 450
