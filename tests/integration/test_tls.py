"""A server whose certificate is for another host is not trusted, with any version of redis-py."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

import kue
from tests.conftest import absent
from tests.integration.conftest import MakeQueue
from tests.servers import MissingPackage, RedisServer

pytestmark = pytest.mark.slow
Where = Callable[[RedisServer], Any]


@pytest.fixture(scope="module")
def impostor() -> Iterator[RedisServer]:
    """A Redis on 127.0.0.1 with a certificate for another address. Its authority is trusted."""
    try:
        server = RedisServer(tls=True, host="192.0.2.1")
    except MissingPackage as missing:
        absent(str(missing))
    with server:
        yield server


def options(server: RedisServer, **more: Any) -> dict[str, Any]:
    """Kue's dict for a server, with more settings of redis-py."""
    settings = {"ssl": True, "ssl_ca_certs": str(server.directory / "cert.pem")}
    return {"port": server.tls_port, "options": settings | more}


def client(server: RedisServer, **more: Any) -> "redis.Redis":
    authority = str(server.directory / "cert.pem")
    return redis.Redis(host="127.0.0.1", port=server.tls_port, ssl=True, ssl_ca_certs=authority, **more)


REFUSED: dict[str, Where] = {
    "URL": lambda server: server.tls_url,
    "dict": options,
    "client": lambda server: client(server, ssl_check_hostname=True),
}
TRUSTED: dict[str, Where] = {
    "URL": lambda server: f"{server.tls_url}&ssl_check_hostname=false",
    "URL that trusts every certificate": lambda server: f"rediss://127.0.0.1:{server.tls_port}?ssl_cert_reqs=none",
    "URL with the right name": lambda server: server.tls_url.replace("127.0.0.1", "localhost"),
    "dict": lambda server: options(server, ssl_check_hostname=False),
    "dict that trusts every certificate": lambda server: options(server, ssl_cert_reqs="none"),
    "client": lambda server: client(server, ssl_check_hostname=False),
}


@pytest.mark.parametrize("form", REFUSED)
def test_a_server_with_a_certificate_for_another_host_gets_no_job(
    impostor: RedisServer, make_queue: MakeQueue, form: str
) -> None:
    queue = make_queue(REFUSED[form](impostor))
    with impostor.client() as plain:
        plain.flushall()
        with pytest.raises(kue.ConnectionFailed, match=r"certificate verify failed.*127\.0\.0\.1") as failed:
            queue.create("email").save()
        assert not failed.value.sent
        assert plain.dbsize() == 0


@pytest.mark.parametrize("form", TRUSTED)
def test_the_address_may_say_that_any_host_is_trusted(impostor: RedisServer, make_queue: MakeQueue, form: str) -> None:
    assert make_queue(TRUSTED[form](impostor)).create("email").save().id
