"""Round trips to a distant Redis: replies are handled as they come, and many batches are on their way at a time."""

import pytest
from redis.exceptions import NoScriptError, TimeoutError

from kue.store import scripts
from kue.store.keys import Keys
from kue.store.transitions import Transitions
from tests.unit.pipeline_desk import Desk


@pytest.fixture
def desk() -> Desk:
    """A desk with a round trip of 4 ms."""
    desk = Desk()
    desk.exchange.pacing.connected(0.004)
    return desk


def test_beside_a_distant_redis_only_replies_that_have_come_are_handled(desk: Desk) -> None:
    for name in "abc":
        desk.send(name)
    assert desk.exchange.receive(desk.link) is False
    desk.link.replies = [1, 2]
    assert desk.exchange.receive(desk.link) is True
    assert desk.happened == [("a", 1), ("b", 2)] and desk.exchange.outstanding == 1


def test_a_batch_is_handled_once_its_last_reply_has_come(desk: Desk) -> None:
    desk.send("a", "b")
    desk.link.replies = [1]
    assert desk.exchange.receive(desk.link) is False and desk.happened == []
    desk.link.replies = [2]
    assert desk.exchange.receive(desk.link) is True
    assert desk.happened == [("a", 1), ("b", 2)]


def test_replies_that_came_early_are_not_read_again_by_a_caller_that_waits_for_all(desk: Desk) -> None:
    desk.send("a", "b")
    desk.send("c")
    desk.link.replies = [1]
    desk.exchange.receive(desk.link)
    desk.link.replies = [2, 3]
    desk.exchange.finish(desk.link)
    assert desk.happened == [("a", 1), ("b", 2), ("c", 3)]


def test_scripts_that_were_forgotten_are_repeated_though_some_replies_came_early(desk: Desk) -> None:
    command = Transitions(Keys("q")).remove(1)
    for names in ("ab", "c"):
        calls = [desk.report(name) for name in names]
        for call in calls:
            call.command = command
        desk.exchange.send(desk.link, calls)
    desk.link.replies = [NoScriptError("gone")]
    desk.exchange.receive(desk.link)
    loading = [[0] * len(scripts.names()), "OK", *["QUEUED"] * len(scripts.names()), "OK"]
    desk.link.replies = [NoScriptError("gone"), NoScriptError("gone"), *loading, 1, 2, 3]
    desk.exchange.receive(desk.link)
    assert desk.exchange.outstanding == 0 and desk.happened == [("a", 1), ("b", 2), ("c", 3)]


def test_beside_a_distant_redis_no_number_of_batches_holds_back_the_next(desk: Desk) -> None:
    for n in range(1000):
        desk.send(str(n))
    assert not desk.exchange.is_full
    assert desk.exchange.receive(desk.link) is False


def test_a_pipeline_that_became_near_first_shrinks_to_two_batches(desk: Desk) -> None:
    for name in "abcd":
        desk.send(name)
    desk.exchange.pacing.connected(0.0001)
    desk.link.replies = [1, 2, 3, 4]
    desk.exchange.receive(desk.link)
    assert desk.exchange.outstanding == 1


def test_without_anything_on_its_way_nothing_is_received(desk: Desk) -> None:
    assert desk.exchange.receive(desk.link) is False


def test_the_time_from_sending_to_the_first_reply_counts_as_the_round_trip(desk: Desk) -> None:
    desk.send("a", "b")
    desk.now += 0.002
    desk.send("c")
    desk.link.received_at = desk.now + 0.001
    desk.now += 0.5  # until the replies are read
    desk.link.replies = [1, 2]
    desk.exchange.receive(desk.link)
    assert desk.exchange.pacing.round_trip == pytest.approx(0.003)


def test_a_connection_that_stays_silent_counts_as_broken_after_its_timeout(desk: Desk) -> None:
    desk.link.timeout, desk.link.received_at = 10, desk.now
    desk.send("a")
    desk.now += 9
    assert desk.exchange.receive(desk.link) is False
    desk.link.received_at = desk.now  # a part of a reply
    desk.now += 9
    assert desk.exchange.receive(desk.link) is False
    desk.now += 2
    with pytest.raises(TimeoutError):
        desk.exchange.receive(desk.link)


def test_a_batch_to_a_distant_redis_waits_for_the_rest_of_the_gap_behind_another(desk: Desk) -> None:
    gap = desk.exchange.pacing.gap_seconds
    desk.exchange.keep_gap()
    assert desk.slept == []
    desk.send("a")
    desk.now += gap / 4
    desk.exchange.keep_gap()
    assert desk.slept == [pytest.approx(0.75 * gap)]
    desk.now += gap
    desk.exchange.keep_gap()
    assert len(desk.slept) == 1
