"""`kue server` starts a server that is reached at its port and ends with the command."""

import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from tests.cli.command import Command, assert_usage_error, is_listening
from tests.guardian import quick_guardian
from tests.helpers import wait_until
from tests.servers import NO_RETRY, free_port

pytestmark = pytest.mark.slow

Start = Callable[..., Command]


def client(server: Command) -> "redis.Redis":
    """A client for the address that the command prints."""
    server.wait_for("Ctrl-C")
    (line,) = server.wait_for(r"^  export KUE_REDIS_URL=")
    (word,) = shlex.split(line.string)[1:]
    return redis.Redis.from_url(word.partition("=")[2], retry=NO_RETRY)


def test_the_server_prints_how_to_reach_it(start: Start) -> None:
    port = free_port()
    server = start("server", "--port", str(port))
    with client(server) as redis_client:
        assert redis_client.ping()
    password = redis_client.connection_pool.connection_kwargs["password"]
    assert server.lines == [
        f"the server listens at redis://127.0.0.1:{port}",
        "its data is lost when it ends (--dir keeps it)",
        "enter this in other terminals: it has the password",
        f"  export KUE_REDIS_URL=redis://:{password}@127.0.0.1:{port}",
        "then connect with",
        "  Python  kue.create_queue()",
        "  Node    kue.createQueue({ redis: process.env.KUE_REDIS_URL })",
        "Ctrl-C or SIGTERM stops it",
    ]


def test_each_server_has_a_random_password(start: Start) -> None:
    passwords = set()
    for _ in range(2):
        port = free_port()
        with client(start("server", "--port", str(port))) as redis_client:
            passwords.add(redis_client.connection_pool.connection_kwargs["password"])
        with redis.Redis(port=port, retry=NO_RETRY) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    assert len(passwords) == 2 and min(map(len, passwords)) >= 32


PASSWORD = "p@ss w/o:r'd\"#\\"


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["--password", PASSWORD], {}), ([], {"KUE_SERVER_PASSWORD": PASSWORD})]
)
def test_the_password_may_be_given(start: Start, arguments: list[str], environment: dict[str, str]) -> None:
    port = free_port()
    server = start("server", "--port", str(port), *arguments, **environment)
    with client(server) as redis_client, redis.Redis(port=port, password=PASSWORD, retry=NO_RETRY) as another:
        assert redis_client.ping() and another.ping()


def test_there_may_be_no_password(start: Start) -> None:
    port = free_port()
    server = start("server", "--port", str(port), "--no-password")
    with client(server) as redis_client, redis.Redis(port=port, retry=NO_RETRY) as another:
        assert redis_client.ping() and another.ping()
    assert "enter this in other terminals" in server.lines


@pytest.mark.parametrize("arguments", [["--password", ""], ["--password", "secret", "--no-password"]])
def test_a_password_that_says_two_things_is_a_usage_error(arguments: list[str]) -> None:
    assert_usage_error("server", *arguments)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_stops_the_server(start: Start, number: int) -> None:
    port = free_port()
    server = start("server", "--port", str(port))
    server.wait_for("Ctrl-C")
    server.signal(number)
    server.assert_success()
    assert server.lines[-1] == "stopped"
    assert server.errors == []
    assert not is_listening(port)


def test_the_server_ends_with_the_command(start: Start) -> None:
    port = free_port()
    server = start("server", "--port", str(port))
    server.wait_for("Ctrl-C")
    server.signal(signal.SIGKILL)
    wait_until(lambda: not is_listening(port), 30)


def test_a_folder_keeps_the_data_of_the_server(start: Start, tmp_path: Path) -> None:
    for remembered in (None, b"blue"):
        port = free_port()
        server = start("server", "--port", str(port), "--dir", "data")
        server.wait_for("its data is kept in data")
        with client(server) as redis_client:
            assert redis_client.get("colour") == remembered
            redis_client.set("colour", "blue")
        server.signal(signal.SIGTERM)
        server.assert_success()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_port_that_is_taken_is_one_line(start: Start) -> None:
    port = free_port()
    start("server", "--port", str(port)).wait_for("Ctrl-C")
    second = start("server", "--port", str(port))
    assert second.wait() == 1
    assert second.errors == [
        f"kue: port {port} of 127.0.0.1 cannot be used (address already in use): give another with --port"
    ]


# `kue`, with a guardian of the server that waits less long for a locked folder.
KUE = """
import pathlib, sys
from kue.cli import main
from kue.connection import embedded
embedded.GUARDIAN = pathlib.Path(sys.argv.pop(1))
main()
"""


def test_a_folder_in_use_is_one_line(start: Start, tmp_path: Path) -> None:
    start("server", "--port", str(free_port()), "--dir", "data").wait_for("Ctrl-C")
    quick = str(quick_guardian(tmp_path))
    second = start(quick, "server", "--port", str(free_port()), "--dir", "data", program=("-c", KUE))
    assert second.wait() == 1
    assert len(second.errors) == 1
    assert f"the directory {tmp_path / 'data'} is in use by another embedded server" in second.errors[0]


def test_the_command_ends_with_the_server(start: Start) -> None:
    port = free_port()
    server = start("server", "--port", str(port))
    with client(server) as redis_client:
        redis_client.shutdown(nosave=True)
    assert server.wait() == 1
    assert server.errors == [f"kue: the server at redis://127.0.0.1:{port} has ended"]


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_number_that_is_no_port_is_a_usage_error(port: str) -> None:
    assert_usage_error("server", "--port", port)
