"""On the main thread commands are packed from text and bytes alone.

hiredis dies if a signal handler raises while it formats a number, and Python calls signal handlers on that thread.
"""

import math
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hiredis import pack_command
from redis.connection import Connection

import kue
from kue.connection import packing
from kue.connection.address import resolve
from kue.connection.packing import Packer, packer
from tests.helpers import wait_until


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Any, ...]]]:
    """What hiredis was given on the main thread."""
    commands: list[tuple[Any, ...]] = []

    def noted(words: Any) -> bytes:
        if threading.current_thread() is threading.main_thread():
            commands.append(words)
        return pack_command(words)

    monkeypatch.setattr(packing, "pack_command", noted)
    yield commands
    assert {type(word) for command in commands for word in command} <= {str, bytes}


NUMBERS = [0, -1, 2**53, 10**30, 1.5, -0.0, 1e22, 1e-7, 0.1, math.inf]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_packed_as_hiredis_itself_packs_it(number: Any, packed: list[Any]) -> None:
    own: Any = ("SET", b"\xff", number)
    assert packer()(own) == pack_command(own)
    assert packed == [("SET", b"\xff", str(number))]


def test_another_thread_packs_the_same() -> None:
    command = ("SET", b"\xff", *NUMBERS)
    with ThreadPoolExecutor() as threads:
        assert threads.submit(lambda: packer()(command)).result() == packer()(command)


def test_a_thread_that_forks_is_the_main_thread_of_its_child(packed: list[Any]) -> None:
    def pack_in_child() -> bytes:
        reader, writer = os.pipe()
        if not os.fork():
            packer()(("GET", 1))
            os.write(writer, repr(packed).encode())
            os._exit(0)
        os.wait()
        return os.read(reader, 100)

    with ThreadPoolExecutor() as threads:
        assert threads.submit(pack_in_child).result() == b"[('GET', '1')]"


@pytest.mark.parametrize("name", ["CLIENT SETNAME", b"CLIENT SETNAME"])
def test_the_packer_of_redis_py_splits_a_name_of_two_words(name: Any) -> None:
    assert Packer().pack(name, 3, "x") == [b"*4\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$1\r\n3\r\n$1\r\nx\r\n"]


def test_redis_py_sets_a_connection_up_with_text_alone(packed: list[Any], redis_url: str) -> None:
    connection = resolve(f"{redis_url}/3").connection()
    connection.connect()
    connection.disconnect()
    assert ("SELECT", "3") in packed


def test_the_packer_of_a_given_client_is_not_used(redis_url: str, client: Any) -> None:
    client.connection_pool.connection_kwargs["command_packer"] = None
    connection = resolve(client).connection()
    assert isinstance(connection, Connection) and isinstance(connection._command_packer, Packer)


def test_whatever_a_queue_sends_is_text(packed: list[Any], redis_url: str) -> None:
    with kue.Queue(redis=redis_url) as queue:
        queue.on("job complete", lambda: None)

        @queue.process("email", 2)
        def email(job: kue.Job) -> Any:
            job.progress(1, 3).log("number %d", 7).set("size", 1.5)
            if job.data == "fails":
                raise ValueError(1)
            return 7

        queue.create("email", 1, priority=5, attempts=2, delay=10, ttl=60_000, backoff=True).save()
        jobs = [queue.create("email", "fails", priority=-3, attempts=1) for _ in range(3)]
        queue.save_all(jobs)
        wait_until(lambda: (queue.complete_count(), queue.failed_count()) == (1, 3))
        jobs[0].priority(10).delay(1000).update()
        jobs[1].delayed()
        queue.ids("failed").__next__()
    assert len(packed) > 10
