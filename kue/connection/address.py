"""The address of Redis: reads a URL, Kue's dict or a redis-py client, and makes connections to it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection, parse_url
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import SentinelManagedConnection

from kue.common.describe import short_repr
from kue.common.names import plain_text
from kue.connection.address_text import hide_password, why_unreadable, without_secrets
from kue.connection.packing import Packer
from kue.connection.settings import NO_LIMIT, check_host_names, max_connections, number
from kue.errors import InvalidOption, InvalidURL, MissingExtra
from kue.options.typed import RedisDict

_DEFAULT_URL = "redis://127.0.0.1:6379"
_ENVIRONMENT_VARIABLE = "KUE_REDIS_URL"
ADDRESS_HINT = (
    "give another address with kue.create_queue(redis=...), with the environment variable KUE_REDIS_URL, "
    "or start a private server with redis='embedded:' (pip install 'kue[embedded]')"
)
_TIMEOUT_SECONDS = 10.0
_CONNECT_TIMEOUT_SECONDS = 5.0
_DICT_KEYS = set(RedisDict.__annotations__)
RedisAddress = str | RedisDict | redis.Redis
"""What the queue option `redis` may be."""


class Address:
    """A connection class of redis-py with its settings. `str()` gives the address without its password.

    `max_connections` is how many connections a client for the address may have; None: it does not say.
    """

    def __init__(
        self,
        connection_class: type[Any],
        settings: Mapping[str, Any],
        max_connections: int | None = None,
        *,
        is_of_client: bool = False,
    ) -> None:
        self._class = connection_class
        self.max_connections = max_connections
        self._is_of_client = is_of_client
        self._settings = {
            "socket_timeout": _TIMEOUT_SECONDS,
            "socket_connect_timeout": _CONNECT_TIMEOUT_SECONDS,
            **{name: value for name, value in settings.items() if value is not None},
            "decode_responses": False,
            "encoding": "utf-8",
            "protocol": 2,
            "health_check_interval": 0,
            "retry": Retry(NoBackoff(), 0),
            "retry_on_timeout": False,
            "retry_on_error": [],
        }

    def with_timeouts(self, connect: int | None, answer: int | None) -> Address:
        """The same address with other time-outs, in milliseconds. None: as they are."""
        given = {"socket_connect_timeout": connect, "socket_timeout": answer}
        changed = {name: value / 1000 for name, value in given.items() if value is not None}
        settings = {**self._settings, **changed}
        return Address(self._class, settings, self.max_connections, is_of_client=self._is_of_client)

    def connection(self) -> AbstractConnection:
        """A new connection, not yet open."""
        connection: AbstractConnection = self._class(**{**self._settings, "command_packer": Packer()})
        return connection

    def client(self) -> redis.Redis:
        """A new redis-py client for this address, whose replies are bytes. Closing it closes its connections."""
        settings = {"connection_class": self._class, **self._settings}
        if self.max_connections is None:
            return redis.Redis.from_pool(redis.ConnectionPool(**settings))
        limit = {"max_connections": self.max_connections, "timeout": self.timeout}
        return redis.Redis.from_pool(redis.BlockingConnectionPool(**limit, **settings))

    @property
    def timeout(self) -> float:
        """How long a call waits for an answer, in seconds."""
        return float(self._settings["socket_timeout"])

    @property
    def user(self) -> str:
        """The user that connections log in as; "" if the address names none."""
        return str(self._settings.get("username") or "")

    @property
    def is_real(self) -> bool:
        """Whether connections have a socket. Those of fakeredis have none."""
        return not self._class.__module__.startswith("fakeredis")

    def is_same(self, other: Address) -> bool:
        """Whether both lead to the same database as the same user, and with the same settings.

        The settings of a client are not compared: redis-py gives it many that no one has chosen.
        """
        if self._place() != other._place():
            return False
        return self._is_of_client or other._is_of_client or self._comparable() == other._comparable()

    def _place(self) -> tuple[Any, ...]:
        get = self._settings.get
        return str(self), self._class, get("server"), get("username"), get("password")

    def _comparable(self) -> dict[str, Any]:
        plain = {name: value for name, value in self._settings.items() if isinstance(value, str | bytes | int | float)}
        return {"db": 0, **plain, "limit": self.max_connections}

    def __str__(self) -> str:
        get = self._settings.get
        if not self.is_real:
            return "fakeredis"
        if issubclass(self._class, SentinelManagedConnection):
            return f"the Sentinel service {self._settings['connection_pool'].service_name!r}"
        if issubclass(self._class, UnixDomainSocketConnection):
            return f"unix://{get('path')}?db={get('db', 0)}"
        scheme = "rediss" if issubclass(self._class, SSLConnection) else "redis"
        host = get("host", "localhost")
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{get('port', 6379)}/{get('db', 0)}"


def resolve(given: object) -> Address:
    """Read the `redis` option. None means the address in KUE_REDIS_URL, or the default if that is not set.

    It does not read `embedded:`; see `embedded_directory`. Raises `InvalidURL` if a URL cannot be read, `InvalidOption`
    if anything else is no address, and `MissingExtra` for fakeredis without Lua.
    """
    if given is None:
        return _from_url(os.environ.get(_ENVIRONMENT_VARIABLE) or _DEFAULT_URL, _ENVIRONMENT_VARIABLE)
    if isinstance(given, str):
        return _from_url(plain_text(given))
    if isinstance(given, Mapping):
        return _from_dict(given)
    pool = getattr(given, "connection_pool", None)
    if isinstance(pool, redis.ConnectionPool) and not isinstance(given, redis.asyncio.Redis):
        # Some settings tie a connection to the client's own pool, which redis-py 8 notifies of maintenance.
        own = ("maint_notifications", "oss_cluster_maint_notifications", "orig_")
        settings = {name: value for name, value in pool.connection_kwargs.items() if not name.startswith(own)}
        limit = pool.max_connections if pool.max_connections < NO_LIMIT else None
        address = Address(pool.connection_class, settings, limit, is_of_client=True)
        if not address.is_real:
            if find_spec("lupa") is None:
                raise MissingExtra("fakeredis runs the scripts of kue only with Lua: pip install 'fakeredis[lua]'")
            with contextlib.suppress(RedisError):  # the fake server may be down
                # fakeredis makes its server at the first connection. Several at once would make a server each.
                address.connection().connect()
        return address
    raise InvalidOption(
        f"redis must be a URL, a dict of {sorted(_DICT_KEYS)}, or a redis-py client (redis.Redis), "
        f"not {hide_password(short_repr(given, sys.maxsize))}"
    )


def embedded_directory(given: object) -> str | None:
    """The data directory if the `redis` option asks for a private server ("" if it names none); otherwise None.

    Raises `InvalidURL` if an embedded address has anything but a path.
    """
    name = "redis"
    if given is None:
        name, given = _ENVIRONMENT_VARIABLE, os.environ.get(_ENVIRONMENT_VARIABLE)
    if not isinstance(given, str) or not given.startswith("embedded:"):
        return None
    path = plain_text(given).removeprefix("embedded:")
    if path in ("", "//"):
        return ""
    if not path.startswith("///"):
        raise InvalidURL(f"{name}={short_repr(given)} cannot be read; use embedded: or embedded:///directory")
    return unquote(path[2:])


def _from_url(url: str, name: str = "redis") -> Address:
    try:
        if "#" in url:
            raise ValueError("# has to be written as %23")
        settings: dict[str, Any] = dict(parse_url(url))
        connection_class = settings.pop("connection_class", Connection)
        limit = max_connections(settings)
        if connection_class is UnixDomainSocketConnection:
            if not settings.get("path"):
                raise ValueError("it names no socket")
        else:
            settings.setdefault("host", "127.0.0.1")
            parts = urlsplit(url)
            path, query = parts.path, parts.query
            if parts.port == 0:  # redis-py takes 0 for no port
                raise ValueError("the port has to be a number from 1 to 65535, not 0")
            if not re.fullmatch(r"/?\d*/?", unquote(path)):
                raise ValueError(f"the database has to be a number, not {short_repr(unquote(path[1:]))}")
            if query:
                parse_qsl(query, strict_parsing=True)
        if connection_class is SSLConnection:
            check_host_names(settings)
        address = Address(connection_class, settings, limit)
        address.connection()  # raises if redis-py does not know a setting after the ?
    except (ValueError, TypeError, RedisError) as problem:
        raise InvalidURL(
            f"{name}={short_repr(hide_password(url))} cannot be read ({why_unreadable(url, problem)}); "
            "use redis://[:password@]host[:port][/db], rediss://..., unix:///path, embedded: or embedded:///dir"
        ) from None
    return address


def _from_dict(given: Mapping[str, Any]) -> Address:
    unknown = set(given) - _DICT_KEYS
    if unknown:
        keys = sorted(key if isinstance(key, str) else short_repr(key) for key in unknown)
        raise InvalidOption(f"redis has unknown keys {keys}; it takes {sorted(_DICT_KEYS)}")
    try:
        settings: dict[str, Any] = dict(given.get("options") or {})
        ssl = settings.pop("ssl", False)
        limit = max_connections(settings)
        if given.get("auth") is not None:
            if not isinstance(given["auth"], str):
                raise TypeError(f"auth has to be a string, not {type(given['auth']).__name__}")
            settings["password"] = plain_text(given["auth"])
        settings["db"] = number("db", given.get("db"), range(2**31), 0)
        if given.get("socket"):
            settings["path"] = os.fspath(given["socket"])
            address = Address(UnixDomainSocketConnection, settings, limit)
        else:
            host = given.get("host") or "127.0.0.1"
            if not isinstance(host, str):
                raise TypeError(f"host has to be a string, not {short_repr(host)}")
            settings["host"] = plain_text(host)
            settings["port"] = number("port", given.get("port"), range(1, 2**16), 6379)
            if ssl:
                check_host_names(settings)
            address = Address(SSLConnection if ssl else Connection, settings, limit)
        address.connection()
    except (TypeError, ValueError, RedisError) as problem:
        raise InvalidOption(f"redis={short_repr(without_secrets(given))} cannot be used: {problem}") from None
    return address
