"""Where Redis is: what each form of the `redis` option means, and that a password is never shown."""

import ssl
import traceback
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.sentinel import Sentinel

from kue import Queue
from kue.connection.address import ADDRESS_HINT, Address, resolve
from kue.connection.pool import ConnectionPool
from kue.errors import ConnectionFailed, InvalidOption, InvalidURL


@pytest.fixture(autouse=True)
def no_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUE_REDIS_URL", raising=False)


def parts(address: Address) -> dict[str, Any]:
    """What tells one address from another, as the connection has it."""
    connection: Any = address.connection()
    names = ("host", "port", "path", "db", "username", "password")
    found = {name: getattr(connection, name, None) for name in names}
    return {name: value for name, value in found.items() if value is not None}


LOCAL = {"host": "127.0.0.1", "port": 6379, "db": 0}


@pytest.mark.parametrize(
    ("url", "shown", "expected"),
    [
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379/0", LOCAL),
        ("redis://", "redis://127.0.0.1:6379/0", LOCAL),
        ("redis:///3", "redis://127.0.0.1:6379/3", LOCAL | {"db": 3}),
        ("redis://box:7000/12", "redis://box:7000/12", {"host": "box", "port": 7000, "db": 12}),
        ("redis://box/3/", "redis://box:6379/3", {"host": "box", "port": 6379, "db": 3}),
        ("redis://box?db=4", "redis://box:6379/4", {"host": "box", "port": 6379, "db": 4}),
        ("redis://[::1]:7000", "redis://[::1]:7000/0", {"host": "::1", "port": 7000, "db": 0}),
        ("redis://:s%40cr%2Ft@box", "redis://box:6379/0", {"host": "box", "port": 6379, "db": 0, "password": "s@cr/t"}),
        (
            "redis://tj:secret@box:1/2",
            "redis://box:1/2",
            {"host": "box", "port": 1, "db": 2, "username": "tj", "password": "secret"},
        ),
        ("rediss://box", "rediss://box:6379/0", {"host": "box", "port": 6379, "db": 0}),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=0", {"path": "/run/redis.sock", "db": 0}),
        (
            "unix://:secret@/run/redis.sock?db=2",
            "unix:///run/redis.sock?db=2",
            {"path": "/run/redis.sock", "db": 2, "password": "secret"},
        ),
    ],
)
def test_a_url_is_read(url: str, shown: str, expected: dict[str, Any]) -> None:
    address = resolve(url)
    assert parts(address) == expected
    assert str(address) == shown
    assert address.is_real


@pytest.mark.parametrize(
    ("given", "connection_class"),
    [
        ("redis://box", Connection),
        ("rediss://box", SSLConnection),
        ("unix:///run/redis.sock", UnixDomainSocketConnection),
        ({}, Connection),
        ({"options": {"ssl": True}}, SSLConnection),
        ({"socket": "/run/redis.sock"}, UnixDomainSocketConnection),
    ],
)
def test_each_kind_of_address_has_its_kind_of_connection(given: Any, connection_class: type) -> None:
    assert type(resolve(given).connection()) is connection_class


def test_settings_of_tls_are_taken_from_the_url() -> None:
    connection: Any = resolve("rediss://box?ssl_cert_reqs=none&ssl_ca_certs=/ca.pem").connection()
    assert (connection.cert_reqs, connection.ca_certs) == (ssl.CERT_NONE, "/ca.pem")


def test_no_address_is_that_of_the_environment_or_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(resolve(None)) == "redis://127.0.0.1:6379/0"
    monkeypatch.setenv("KUE_REDIS_URL", "redis://box:7000/1")
    assert str(resolve(None)) == "redis://box:7000/1"
    assert str(resolve("redis://other")) == "redis://other:6379/0"
    monkeypatch.setenv("KUE_REDIS_URL", "")
    assert str(resolve(None)) == "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, LOCAL),
        ({"host": "box", "port": 7000, "db": 3}, {"host": "box", "port": 7000, "db": 3}),
        ({"host": "", "port": "", "db": "", "auth": "", "socket": ""}, LOCAL | {"password": ""}),
        ({"host": "box", "port": "7000", "db": "3"}, {"host": "box", "port": 7000, "db": 3}),
        ({"host": None, "port": None, "db": None, "auth": None, "socket": None, "options": None}, LOCAL),
        ({"auth": "secret"}, LOCAL | {"password": "secret"}),
        ({"socket": "/run/redis.sock", "db": 1}, {"path": "/run/redis.sock", "db": 1}),
        ({"socket": Path("/run/redis.sock")}, {"path": "/run/redis.sock", "db": 0}),
        ({"options": {"username": "tj", "password": "x"}}, LOCAL | {"username": "tj", "password": "x"}),
        ({"auth": "secret", "options": {"password": "x"}}, LOCAL | {"password": "secret"}),
    ],
    ids=str,
)
def test_kue_s_dict_is_read(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert parts(resolve(given)) == expected


def test_from_a_client_only_its_connection_settings_are_taken() -> None:
    client = redis.Redis(
        host="box", port=7000, db=3, username="tj", password="secret", decode_responses=True, health_check_interval=9
    )
    address = resolve(client)
    assert parts(address) == {"host": "box", "port": 7000, "db": 3, "username": "tj", "password": "secret"}
    assert str(address) == "redis://box:7000/3"
    connection: Any = address.connection()
    assert not connection.encoder.decode_responses
    assert connection.health_check_interval == 0
    own: Any = client.connection_pool.make_connection()
    assert own.encoder.decode_responses


@pytest.mark.parametrize(
    ("client", "shown"),
    [
        (redis.Redis(unix_socket_path="/run/redis.sock", db=2), "unix:///run/redis.sock?db=2"),
        (redis.Redis(host="box", ssl=True), "rediss://box:6379/0"),
        (redis.Redis.from_url("redis://:secret@box:7000/1"), "redis://box:7000/1"),
        (redis.Redis(connection_pool=redis.BlockingConnectionPool(host="box", port=1)), "redis://box:1/0"),
        (Sentinel([("box", 1)]).master_for("orders"), "the Sentinel service 'orders'"),
        (fakeredis.FakeRedis(), "fakeredis"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_client_is_taken(client: redis.Redis, shown: str) -> None:
    address = resolve(client)
    assert str(address) == shown
    assert address.is_real == (shown != "fakeredis")


def test_time_outs_are_set_if_none_are_given() -> None:
    connection: Any = resolve("redis://box").connection()
    assert (connection.socket_timeout, connection.socket_connect_timeout) == (10.0, 5.0)
    connection = resolve("redis://box?socket_timeout=2&socket_connect_timeout=1").connection()
    assert (connection.socket_timeout, connection.socket_connect_timeout) == (2.0, 1.0)


# what is refused

READ = "use redis://[:password@]host[:port][/db], rediss://..., unix:///path, embedded: or embedded:///dir"


@pytest.mark.parametrize(
    ("url", "shown", "problem"),
    [
        ("localhost:6379", "localhost:6379", "must specify one of the following schemes"),
        ("", "", "must specify one of the following schemes"),
        ("http://:secret@box", "http://***@box", "must specify one of the following schemes"),
        ("redis://:secret@box:port", "redis://***@box:port", "Port could not be cast to integer value as 'port'"),
        ("redis://:secret@box:99999", "redis://***@box:99999", "Port out of range"),
        ("redis://[::1", "redis://[::1", "Invalid IPv6 URL"),
        ("redis://:secret@box:0", "redis://***@box:0", "the port has to be a number from 1 to 65535, not 0"),
        ("redis://box/three", "redis://box/three", "the database has to be a number, not 'three'"),
        ("redis://box/1/2", "redis://box/1/2", "the database has to be a number, not '1/2'"),
        ("redis://:secret@box/-1", "redis://***@box/-1", "the database has to be a number, not '-1'"),
        ("redis://box?socket_timeout=x&password=y", "redis://box?socket_timeout=x&password=***", "'socket_timeout'"),
        ("redis://box?db", "redis://box?db", "bad query field"),
        ("redis://box?nonsense=1&username=secret&db=0", "redis://box?nonsense=1&username=***&db=0", "'nonsense'"),
        ("rediss://:secret@box?ssl_cert_reqs=foo", "rediss://***@box?ssl_cert_reqs=foo", "foo"),
        ("unix://", "unix://", "it names no socket"),
        ("unix://:secret@", "unix://***@", "it names no socket"),
        ("redis://box/0#secret", "redis://box/0#secret", "# has to be written as %23"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused_with_what_can(url: str, shown: str, problem: str) -> None:
    with pytest.raises(InvalidURL) as refused:
        resolve(url)
    message = str(refused.value)
    assert message.startswith(f"redis={shown!r} cannot be read (")
    assert problem in message
    assert message.endswith(READ)


def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUE_REDIS_URL", "redis://:secret@box/three")
    with pytest.raises(InvalidURL) as refused:
        Queue()
    assert str(refused.value) == (
        f"KUE_REDIS_URL='redis://***@box/three' cannot be read (the database has to be a number, not 'three'); {READ}"
    )


@pytest.mark.parametrize("password", ["pa/ss", "pa?ss", "pa#ss", "1/2", "1?2", "1#2", "p@ss/word"])
@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_a_password_that_cuts_the_url_short_is_named_as_the_reason_and_not_shown(scheme: str, password: str) -> None:
    with pytest.raises(InvalidURL) as refused:
        resolve(f"{scheme}://:{password}@box:6379")
    assert str(refused.value) == (
        f"redis='{scheme}://***@box:6379' cannot be read (in a user name or password, "
        f"/ ? # and @ have to be written as %2F %3F %23 and %40); {READ}"
    )
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"hots": "box", 5: 6}, "redis has unknown keys ['5', 'hots']; it takes "),
        ({"port": "x", "auth": "secret"}, "redis={'port': 'x', 'auth': '***'} cannot be used: port has to be "),
        ({"port": True}, "redis={'port': True} cannot be used: port has to be a number from 1 to 65535, not True"),
        ({"port": 0}, "redis={'port': 0} cannot be used: port has to be a number from 1 to 65535, not 0"),
        ({"port": "0"}, "redis={'port': '0'} cannot be used: port has to be a number from 1 to 65535, not '0'"),
        ({"port": False}, "redis={'port': False} cannot be used: port has to be a number from 1 to 65535, not False"),
        ({"port": 70000}, "redis={'port': 70000} cannot be used: port has to be a number from 1 to 65535, not 70000"),
        ({"port": 1.0}, "redis={'port': 1.0} cannot be used: port has to be a number from 1 to 65535, not 1.0"),
        ({"db": False}, "redis={'db': False} cannot be used: db has to be a number from 0 to "),
        ({"db": -1}, "redis={'db': -1} cannot be used: db has to be a number from 0 to "),
        ({"db": "one"}, "redis={'db': 'one'} cannot be used: db has to be a number from 0 to "),
        ({"host": 5}, "redis={'host': 5} cannot be used: host has to be a string, not 5"),
        ({"auth": 5}, "redis={'auth': '***'} cannot be used: auth has to be a string, not int"),
        ({"auth": ["secret"]}, "redis={'auth': '***'} cannot be used: auth has to be a string, not list"),
        ({"socket": 5}, "redis={'socket': 5} cannot be used: "),
        ({"options": 5}, "redis={'options': '***'} cannot be used: "),
        ({"options": "secret"}, "redis={'options': '***'} cannot be used: "),
        ({"options": {"nonsense": 1, "password": "secret"}}, "redis={'options': '***'} cannot be used: "),
    ],
    ids=str,
)
def test_a_dict_that_cannot_be_used_is_refused_by_its_value(given: dict[Any, Any], message: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        resolve(given)
    assert str(refused.value).startswith(message)
    assert "secret" not in str(refused.value)
    assert not isinstance(refused.value, InvalidURL)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (5, "5"),
        ([], "[]"),
        (redis.Redis, "<class 'redis.client.Redis'>"),
        (b"redis://:secret@box", "b'redis://***@box'"),
        (("redis://tj:secret@box",), "('redis://***@box',)"),
    ],
)
def test_a_value_that_is_no_address_is_refused_by_its_value(given: Any, shown: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        resolve(given)
    assert str(refused.value) == (
        "redis must be a URL, a dict of ['auth', 'db', 'host', 'options', 'port', 'socket'], "
        f"or a redis-py client (redis.Redis), not {shown}"
    )


def test_a_client_of_asyncio_is_refused_without_its_password() -> None:
    with pytest.raises(InvalidOption) as refused:
        resolve(redis.asyncio.Redis(password="secret"))
    assert "or a redis-py client (redis.Redis), not <redis.asyncio" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_queue_refuses_an_address_it_cannot_read() -> None:
    with pytest.raises(InvalidURL):
        Queue(redis="redis//box")
    with pytest.raises(InvalidOption):
        Queue(redis=5)


@pytest.mark.parametrize(
    "given",
    [
        "redis://tj:secret@127.0.0.1:1/2",
        {"host": "127.0.0.1", "port": 1, "db": 2, "auth": "secret"},
        redis.Redis(port=1, db=2, password="secret", host="127.0.0.1"),
    ],
    ids=["url", "dict", "client"],
)
def test_a_server_that_cannot_be_reached_is_named_with_the_ways_out_and_without_the_password(given: Any) -> None:
    with pytest.raises(ConnectionFailed) as failed:
        ConnectionPool(resolve(given)).call("PING")
    message = str(failed.value)
    assert message.startswith("cannot reach Redis at redis://127.0.0.1:1/2 (")
    assert message.endswith(f"; {ADDRESS_HINT}")
    assert all(way in ADDRESS_HINT for way in ("kue.create_queue(redis=...)", "KUE_REDIS_URL", "redis='embedded:'"))
    assert "secret" not in "".join(traceback.format_exception(failed.value))


# embedded servers
