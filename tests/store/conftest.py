"""A place to run one script: a seeded keyspace, an ear on the channel, and everything compared afterwards."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kue.connection.address import resolve
from kue.connection.connection import Command
from kue.connection.pool import ConnectionPool
from kue.store import scripts
from kue.store.bulk import BulkCommands
from kue.store.flow import FlowCommands
from kue.store.keys import Keys
from kue.store.purging import PurgeCommands
from kue.store.schedules import ScheduleCommands
from kue.store.store import Store
from kue.store.transitions import Transitions
from tests.conftest import Backend
from tests.helpers import keyspace, wait_until
from tests.store.world import World

END = b"that was all"
FURTHER_KEYS = ("created_at", "invalid", "cut")  # of messages, in this order


class Place:
    """One backend. Worlds are written with the prefix `q`, whatever its prefix is."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.client = backend.client
        self.keys = Keys(backend.prefix)
        self.scripts = Transitions(self.keys)
        self.schedules = ScheduleCommands(self.keys)
        self.bulk = BulkCommands(self.keys)
        self.purging = PurgeCommands(self.keys)
        self.flow = FlowCommands(self.keys)
        self.connections = ConnectionPool(resolve(backend.redis), scripts.run)
        self.store = Store(self.connections, backend.prefix)
        self._ear = backend.client.pubsub(ignore_subscribe_messages=True)
        self._ear.subscribe(self.keys.events)
        wait_until(lambda: self.client.pubsub_numsub(self.keys.events)[0][1] == 1, message="the ear is subscribed")

    def seed(self, world: World) -> None:
        for name, value in world.items():
            self._write(self._ours(name), value)

    def run(self, command: Command) -> Any:
        """The reply of a script, text instead of bytes. Raises `RedisRefused`."""
        return _as_text(self.connections.call(*command))

    def world(self) -> World:
        """Everything in Redis, with the prefix `q`."""
        prefix = self.backend.prefix + ":"
        return {name.replace(prefix, "q:", 1): value for name, value in keyspace(self.client).items()}

    def messages(self) -> list[bytes]:
        """The messages since the last call, in order."""
        self.client.publish(self.keys.events, END)
        heard: list[bytes] = []
        while (message := wait_until(lambda: self._ear.get_message(timeout=1)))["data"] != END:
            heard.append(message["data"])
        return heard

    def events(self) -> list[tuple[Any, ...]]:
        """The events since the last call: `(id, name, *further arguments)`; each must be what Node can read."""
        return [_event(json.loads(message, parse_constant=_refuse)) for message in self.messages()]

    def check(self, command: Command, *, reply: Any, after: World, events: list[tuple[Any, ...]] | None = None) -> None:
        """Run a script and compare all there is to see of it."""
        assert self.run(command) == reply
        assert self.world() == after
        assert self.events() == (events or [])

    def close(self) -> None:
        self._ear.close()
        self.connections.close()

    def _ours(self, name: str) -> str:
        return self.backend.prefix + name[1:] if name.startswith("q:") else name

    def _write(self, name: str, value: Any) -> None:
        if isinstance(value, list):
            self.client.rpush(name, *value)
        elif isinstance(value, set):
            self.client.sadd(name, *value)
        elif isinstance(value, dict) and all(isinstance(score, float) for score in value.values()):
            self.client.zadd(name, value)
        elif isinstance(value, dict):
            self.client.hset(name, mapping=value)
        else:
            self.client.set(name, value)


@pytest.fixture
def place(backend: Backend) -> Iterator[Place]:
    place = Place(backend)
    yield place
    place.close()


def _event(message: dict[str, Any]) -> tuple[Any, ...]:
    keys = list(message)
    assert keys == ["id", "event", "args", *(key for key in FURTHER_KEYS if key in message)]
    assert isinstance(message["id"], int)
    assert message["args"][0] == message["event"]
    return (message["id"], *message["args"])


def _refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is not JSON")


def _as_text(reply: Any) -> Any:
    if isinstance(reply, list):
        return [_as_text(item) for item in reply]
    return reply.decode() if isinstance(reply, bytes) else reply
