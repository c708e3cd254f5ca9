"""Scripts are known to Redis by their SHA1, and are loaded again wherever it has forgotten them."""

from collections.abc import Sequence
from typing import Any

import pytest

from kue.connection.address import resolve
from kue.connection.connection import Command
from kue.connection.pool import ConnectionPool
from kue.errors import RedisRefused
from kue.store import scripts
from kue.store.keys import Keys
from kue.store.transitions import Transitions, completion, new_job
from tests.conftest import absent
from tests.helpers import keyspace
from tests.servers import MissingPackage, RedisServer
from tests.store.conftest import Place
from tests.store.world import BEFORE, NOW, PYTHON, job, without, world

FLUSH: Command = ("SCRIPT", "FLUSH")
NEW = new_job("email", b'{"to":"tj"}', BEFORE)  # a `world.job`


def save(place: Place) -> Command:
    return place.scripts.save(NEW)


def known(place: Place) -> list[Any]:
    return place.connections.call("SCRIPT", "EXISTS", *(scripts.sha(name) for name in scripts.names()))


def test_the_first_call_makes_every_script_known(place: Place) -> None:
    place.client.script_flush()
    assert set(known(place)) == {0}
    assert place.run(save(place)) == 1
    assert set(known(place)) == {1}


def test_scripts_that_redis_knows_are_not_sent_again(place: Place) -> None:
    sent: list[Command] = []
    connection = place.connections.open()
    exchange = connection.exchange

    def noted(commands: Sequence[Command]) -> list[Any]:
        sent.extend(commands)
        return exchange(commands)

    connection.exchange = noted  # type: ignore[method-assign]
    place.client.script_flush()
    scripts.load_all(connection)
    assert [command[:2] for command in sent[:2]] == [("SCRIPT", "EXISTS"), ("MULTI",)]
    assert set(known(place)) == {1}
    sent.clear()
    scripts.load_all(connection)
    assert [command[:2] for command in sent] == [("SCRIPT", "EXISTS")]
    connection.close()


def test_a_flush_between_two_calls_is_survived(place: Place) -> None:
    assert place.run(save(place)) == 1
    place.client.script_flush()
    assert place.run(save(place)) == 2
    assert place.world() == world(job(1), job(2), {"q:ids": "2"})
    assert place.events() == [(1, "enqueue", "email"), (2, "enqueue", "email")]


def test_a_flush_in_the_middle_of_a_pipeline_is_survived_each_command_once_and_in_order(place: Place) -> None:
    take = place.scripts.take("email", 2, 0, PYTHON[:-1], 3, NOW)
    complete = place.scripts.complete(NOW, completion(1, PYTHON, 5, None))
    replies = place.connections.run([save(place), FLUSH, save(place), take, FLUSH, complete, save(place)])
    assert [replies[i] for i in (0, 1, 2, 4, 5, 6)] == [1, b"OK", 2, b"OK", [[1]], 3]
    assert replies[3][0] == 2
    runs = {"started_at": NOW, "updated_at": NOW}
    done = job(1, "complete", workerId=PYTHON, duration=5, progress=100, attempts=1, **runs)
    held = job(2, "active", workerId=PYTHON[:-1] + "4", **runs)
    assert place.world() == world(done, held, job(3), {"q:ids": "3", "q:stats:work-time": "5"})
    assert [event[:2] for event in place.events()] == [
        (1, "enqueue"),
        (2, "enqueue"),
        (1, "start"),
        (2, "start"),
        (1, "complete"),
        (3, "enqueue"),
    ]


def test_other_commands_of_a_pipeline_are_not_repeated(place: Place) -> None:
    count: Command = ("INCR", place.keys.work_time)
    replies = place.connections.run([count, FLUSH, count, save(place), count])
    assert replies == [1, b"OK", 2, 1, 3]


def test_a_refused_command_of_a_pipeline_leaves_the_others_their_replies(place: Place) -> None:
    place.seed({"q:job:2": ["poison"]})
    replies = place.connections.run([save(place), save(place), save(place)])
    assert replies[0] == 1
    assert "WRONGTYPE" in str(replies[1])
    assert replies[2] == 3
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(place.scripts.remove(2))


def test_a_restart_of_the_server_is_survived() -> None:
    try:
        server = RedisServer(persist=True)
    except MissingPackage as missing:
        absent(str(missing))
    with server:
        transitions, connections = Transitions(Keys("q")), ConnectionPool(resolve(server.url), scripts.run)
        command = transitions.save(NEW)
        assert connections.call(*command) == 1
        server.restart()
        assert connections.call(*command) == 2
        assert connections.call(*transitions.remove(1)) == 1
        with server.client() as client:
            after = keyspace(client)
        connections.close()
    assert after == world(without(job(2), "q:email:jobs"), {"q:ids": "2", "q:email:jobs": ["1", "1"]})
