"""With a Sentinel client, workers and producers follow the master through a failover."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from redis.exceptions import RedisError, ResponseError
from redis.sentinel import Sentinel

import kue
from tests.conftest import absent
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.servers import MissingPackage, RedisServer

pytestmark = pytest.mark.slow

SERVICE = "orders"
PATIENCE = 60.0
QUICK = ("info-period", "100", "ping-period", "100", "ask-period", "100", "publish-period", "100")  # else seconds


class SentinelServer(RedisServer):
    """A Sentinel that watches one master; it writes what it finds out into its own settings."""

    def __init__(self, master: RedisServer) -> None:
        self._master = master
        super().__init__()

    def _fixed_settings(self, persist: bool) -> dict[str, str]:
        watched = f"monitor {SERVICE} 127.0.0.1 {self._master.port} 1"
        return {"dir": ".", "logfile": "log", "bind": "127.0.0.1", "sentinel": watched}

    def _arguments(self) -> list[str]:
        return [*super()._arguments(), "--sentinel"]


@pytest.fixture
def start() -> Iterator[Callable[..., Any]]:
    with ExitStack() as stack:

        def start(kind: Callable[..., RedisServer], *arguments: Any, **settings: str) -> RedisServer:
            try:
                return stack.enter_context(kind(*arguments, **settings))
            except MissingPackage as missing:
                absent(str(missing))

        yield start


def test_workers_and_producers_follow_the_master(
    start: Callable[..., RedisServer], make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    # At its end a master would wait for a replica that lags behind.
    master = start(RedisServer, shutdown_timeout="0")
    replica = start(RedisServer, replicaof=f"127.0.0.1 {master.port}", shutdown_timeout="0")
    sentinel = start(SentinelServer, master)
    given = Sentinel([("127.0.0.1", sentinel.port)], socket_timeout=5).master_for(SERVICE)
    with sentinel.client(decode_responses=True) as asked:
        asked.execute_command("SENTINEL", "DEBUG", *QUICK)
        queue = make_queue(given)
        ran: list[str] = []
        queue.process("mail", lambda job: ran.append(job.data))
        queue.create("mail", "before").save()
        wait_until(lambda: completed(replica) == 1, PATIENCE, "the replica knows it too")

        wait_until(lambda: begins(asked, "FAILOVER", SERVICE), PATIENCE, "Sentinel knows a replica to promote")
        wait_until(lambda: role(replica) == "master" and role(master) == "slave", PATIENCE, "the failover is over")

    def saved() -> bool:
        try:
            queue.create("mail", "after").save()
        except kue.errors.KueError:
            return False
        return True

    wait_until(saved, PATIENCE)
    wait_until(lambda: "after" in ran, PATIENCE)
    wait_until(lambda: completed(replica) == 2, PATIENCE)
    assert ran == ["before", "after"]
    reported = [type(error) for error in errors]
    assert reported == [kue.errors.ConnectionFailed, kue.errors.ConnectionRestored]
    errors.clear()


def begins(asked: Any, *command: str) -> bool:
    try:
        asked.execute_command("SENTINEL", *command)
    except ResponseError:
        return False
    return True


def completed(server: RedisServer) -> int:
    with server.client() as client:
        return int(client.zcard("q:jobs:complete"))


def role(server: RedisServer) -> str:
    try:
        with server.client() as client:
            return str(client.role()[0].decode())
    except RedisError:
        return ""
