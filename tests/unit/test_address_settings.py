"""Settings of redis-py in an address that mean more to kue than to a connection."""

import ssl
from typing import Any

import pytest
import redis
from redis.sentinel import Sentinel

from kue.connection.address import resolve
from kue.errors import InvalidOption, InvalidURL


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ("redis://box?max_connections=7", 7),
        ("rediss://box?max_connections=7", 7),
        ("unix:///run/redis.sock?max_connections=7", 7),
        ("redis://box", None),
        ({"options": {"max_connections": 7}}, 7),
        ({"options": {"max_connections": "7", "ssl": True}}, 7),
        ({"socket": "/run/redis.sock", "options": {"max_connections": 7}}, 7),
        ({}, None),
        (redis.Redis(max_connections=7), 7),
        (redis.Redis(connection_pool=redis.BlockingConnectionPool(max_connections=7)), 7),
        (Sentinel([("box", 1)]).master_for("orders", max_connections=7), 7),
        (redis.Redis(connection_pool=redis.ConnectionPool(max_connections=2**31)), None),
    ],
    ids=lambda value: "" if isinstance(value, redis.Redis) else str(value),
)
def test_an_address_may_say_how_many_connections_there_may_be(given: Any, limit: int | None) -> None:
    address = resolve(given)
    assert address.max_connections == limit
    pool = address.client().connection_pool
    assert pool.max_connections == (limit or redis.ConnectionPool().max_connections)
    assert isinstance(pool, redis.BlockingConnectionPool) == (limit is not None), "calls wait, rather than fail"


@pytest.mark.parametrize(
    ("given", "checks"),
    [
        ("rediss://box", True),
        ("rediss://box?ssl_check_hostname=true", True),
        ("rediss://box?ssl_check_hostname=false", False),
        ("rediss://box?ssl_cert_reqs=optional", True),
        ("rediss://box?ssl_cert_reqs=none", False),
        ({"options": {"ssl": True}}, True),
        ({"options": {"ssl": True, "ssl_check_hostname": None}}, True),
        ({"options": {"ssl": True, "ssl_check_hostname": False}}, False),
        ({"options": {"ssl": True, "ssl_cert_reqs": ssl.CERT_NONE}}, False),
        (redis.Redis(ssl=True, ssl_check_hostname=True), True),
        (redis.Redis(ssl=True, ssl_check_hostname=False), False),
    ],
    ids=lambda value: "client" if isinstance(value, redis.Redis) else str(value),
)
def test_tls_checks_host_names_unless_the_address_says_otherwise(given: Any, checks: bool) -> None:
    connection: Any = resolve(given).connection()
    assert connection.check_hostname is checks


@pytest.mark.parametrize("number", ["x", "0", "-1"])
def test_a_number_of_connections_that_cannot_be_used_is_refused(number: str) -> None:
    with pytest.raises(InvalidURL, match="max_connections"):
        resolve(f"redis://box?max_connections={number}")
    with pytest.raises(InvalidOption, match="max_connections has to be a number from 1 to"):
        resolve({"options": {"max_connections": number}})
