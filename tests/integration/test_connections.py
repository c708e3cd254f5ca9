"""Every form of a Redis address, and the error if Redis cannot be reached."""

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis

import kue
from tests.conftest import absent
from tests.helpers import keyspace, wait_until
from tests.integration.conftest import MakeQueue
from tests.servers import MissingPackage, RedisServer

ROOT = Path(__file__).parents[2]
WAYS = ("kue.create_queue(redis=...)", "KUE_REDIS_URL", "redis='embedded:'")


@pytest.fixture(scope="module")
def secured() -> Iterator[RedisServer]:
    """A Redis with a password, TLS and a unix socket."""
    try:
        server = RedisServer(password="s3cret", tls=True)
    except MissingPackage as missing:
        absent(str(missing))
    with server:
        yield server


@pytest.fixture
def held_port() -> Iterator[int]:
    """A port that refuses connections: no other test's server can take it meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


FORMS = {
    "url": lambda server: server.url,
    "url with a slash": lambda server: server.url + "/",
    "unix": lambda server: server.unix_url,
    "tls": lambda server: server.tls_url,
    "dict": lambda server: {"host": "127.0.0.1", "port": server.port, "auth": server.password},
    "dict with a string port": lambda server: {"port": str(server.port), "auth": server.password},
    "dict with a socket": lambda server: {"socket": server.directory / "socket", "auth": server.password},
    "dict with options": lambda server: {"port": server.port, "options": {"password": server.password}},
    "dict with tls": lambda server: {
        "port": server.tls_port,
        "auth": server.password,
        "options": {"ssl": True, "ssl_ca_certs": str(server.directory / "cert.pem")},
    },
    "client": lambda server: redis.Redis(port=server.port, password=server.password),
    "client that decodes and retries": lambda server: redis.Redis(
        port=server.port, password=server.password, decode_responses=True, protocol=3
    ),
    "client on a socket": lambda server: redis.Redis(
        unix_socket_path=str(server.directory / "socket"), password=server.password
    ),
    "client with tls": lambda server: redis.Redis(
        port=server.tls_port, password=server.password, ssl=True, ssl_ca_certs=str(server.directory / "cert.pem")
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_queue_works_with_each_form_of_address(secured: RedisServer, make_queue: MakeQueue, form: str) -> None:
    with secured.client() as client:
        client.flushall()
    queue = make_queue(FORMS[form](secured), send=True)
    heard: list[Any] = []
    queue.process("email", 2, lambda job: job.data)
    queue.create("email", {"n": 1}, ttl=60_000).on("complete", heard.append).save()
    assert queue.create("email", {"n": 2}).promise().result(10) == {"n": 2}
    wait_until(lambda: heard == [{"n": 1}])
    jobs = queue.save_all([queue.create("email", {"pad": "x" * 20_000}) for _ in range(20)])
    wait_until(lambda: queue.complete_count() == 22)
    assert kue.Job.get(jobs[-1].id, queue=queue).result == {"pad": "x" * 20_000}


@pytest.mark.parametrize("form", ["url", "dict", "client"])
def test_the_database_of_an_address_counts(redis_url: str, client: Any, make_queue: MakeQueue, form: str) -> None:
    port = client.connection_pool.connection_kwargs["port"]
    forms = {"url": f"{redis_url}/3", "dict": {"port": port, "db": 3}, "client": redis.Redis(port=port, db=3)}
    make_queue(forms[form]).create("email").save()
    assert keyspace(client) == {}
    assert redis.Redis(port=port, db=3).get("q:ids") == b"1"


def test_a_password_may_hold_anything(own_server: RedisServer, make_queue: MakeQueue) -> None:
    password = "p@ss/w:o#rd?é%"
    own_server.client().config_set("requirepass", password)
    for where in (
        f"redis://:{quote(password, safe='')}@127.0.0.1:{own_server.port}",
        {"port": own_server.port, "auth": password},
        redis.Redis(port=own_server.port, password=password),
    ):
        make_queue(where).create("email").save()


def test_a_queue_takes_only_the_settings_of_a_client(redis_url: str, make_queue: MakeQueue) -> None:
    """The application may go on using it, or close it."""
    given = redis.Redis.from_url(redis_url, decode_responses=True)
    given.set("mine", "text")
    queue = make_queue(given)
    queue.create("email").save()
    given.close()
    queue.create("email").save()
    queue.shutdown()
    assert given.get("mine") == "text"


def test_the_environment_counts_if_no_address_is_given(
    redis_url: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUE_REDIS_URL", f"{redis_url}/5")
    with kue.Queue() as queue:
        queue.create("email").save()
        assert redis.Redis.from_url(f"{redis_url}/5").get("q:ids") == b"1"
    monkeypatch.delenv("KUE_REDIS_URL")
    default = kue.Queue()
    assert str(default.runtime.store.connections.address) == "redis://127.0.0.1:6379/0"
    default.shutdown()


class TestUnreachable:
    CALLS = (
        *(lambda queue: queue.create("email").save(), lambda queue: queue.inactive_count()),
        *(lambda queue: kue.Job.get(1, queue=queue), lambda queue: queue.on("job complete", print)),
        lambda queue: queue.create("email").on("complete", print).save(),
    )

    @pytest.mark.parametrize("call", range(len(CALLS)))
    def test_the_error_names_the_address_and_the_three_ways(
        self, make_queue: MakeQueue, errors: list[BaseException], call: int, held_port: int
    ) -> None:
        port = held_port
        queue = make_queue(f"redis://:secret@127.0.0.1:{port}/2")
        with pytest.raises(kue.ConnectionFailed) as caught:
            self.CALLS[call](queue)
        text = str(caught.value)
        assert f"redis://127.0.0.1:{port}/2" in text and "secret" not in text
        assert all(way in text for way in WAYS)
        assert isinstance(caught.value, ConnectionError) and not caught.value.sent
        queue.shutdown()
        errors.clear()

    @pytest.mark.parametrize(
        ("redis", "named"),
        [
            ({"host": "127.0.0.1", "port": 1, "db": 4}, "redis://127.0.0.1:1/4"),
            ("unix:///nowhere/at/all.sock", "unix:///nowhere/at/all.sock"),
            ("rediss://127.0.0.1:1", "rediss://127.0.0.1:1/0"),
            (redis.Redis(host="127.0.0.1", port=1), "redis://127.0.0.1:1/0"),
            ("redis://no-such-host.invalid:6379", "redis://no-such-host.invalid:6379/0"),
        ],
        ids=["dict", "unix", "tls", "client", "name"],
    )
    def test_the_error_names_the_address_however_it_was_given(self, redis: Any, named: str) -> None:
        with kue.Queue(redis=redis) as queue, pytest.raises(kue.ConnectionFailed) as caught:
            queue.create("email").save()
        assert named in str(caught.value) and all(way in str(caught.value) for way in WAYS)

    def test_a_wrong_password_is_a_refusal_and_not_shown(self, secured: RedisServer) -> None:
        with kue.Queue(redis=f"redis://:wrong-secret@127.0.0.1:{secured.port}") as queue:
            with pytest.raises(kue.RedisRefused) as caught:
                queue.create("email").save()
            assert str(secured.port) in str(caught.value) and "wrong-secret" not in str(caught.value)

    @pytest.mark.parametrize("name", ["h", "someone"])
    def test_a_user_that_does_not_exist_is_named_with_what_to_write_instead(
        self, secured: RedisServer, name: str
    ) -> None:
        for address in (
            f"redis://{name}:wrong-secret@127.0.0.1:{secured.port}",
            {"port": secured.port, "auth": "wrong-secret", "options": {"username": name}},
        ):
            with kue.Queue(redis=address) as queue, pytest.raises(kue.RedisRefused) as caught:
                queue.create("email").save()
            assert str(caught.value).endswith(
                f"; a user named '{name}' does not exist there, or has another password: "
                "to log in with a password alone, as Kue does, write redis://:password@host"
            )
            assert "wrong-secret" not in str(caught.value)

    def test_without_a_user_nothing_is_said_about_one(self, secured: RedisServer) -> None:
        with kue.Queue(redis=f"redis://:wrong@127.0.0.1:{secured.port}") as queue:
            with pytest.raises(kue.RedisRefused) as caught:
                queue.create("email").save()
            assert "a user named" not in str(caught.value)

    def test_a_certificate_of_an_unknown_authority_is_refused(self, secured: RedisServer) -> None:
        url = secured.tls_url.partition("?")[0]
        with kue.Queue(redis=url) as queue, pytest.raises(kue.ConnectionFailed, match="CERTIFICATE"):
            queue.create("email").save()

    def test_a_worker_reports_once_that_redis_is_away_and_goes_on_when_it_comes(
        self, make_queue: MakeQueue, errors: list[BaseException]
    ) -> None:
        try:
            with RedisServer() as server:
                server.stop()
                queue = make_queue(server.url)
                queue.process("email", lambda job: "done")
                wait_until(lambda: errors)
                assert not queue.health()["ready"]
                server.restart()
                queue.create("email").save()
                wait_until(lambda: queue.complete_count() == 1)
                wait_until(lambda: len(errors) == 2)
                queue.shutdown()
        except MissingPackage as missing:
            absent(str(missing))
        assert [type(problem) for problem in errors] == [kue.ConnectionFailed, kue.ConnectionRestored]
        assert all(way in str(errors[0]) for way in WAYS)
        errors.clear()


def test_a_listener_that_could_not_be_served_is_not_kept(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    queue = make_queue(own_server.url)
    heard: list[int] = []
    own_server.stop()
    with pytest.raises(kue.ConnectionFailed):
        queue.on("job complete", heard.append)
    own_server.restart()
    wait_until(lambda: listens(queue, heard.append), 20)
    queue.process("email", lambda job: None)
    ids = [queue.create("email").save().id for _ in range(2)]
    wait_until(lambda: heard == ids)
    assert [type(problem) for problem in errors] == [kue.ConnectionFailed, kue.ConnectionRestored]
    errors.clear()


def listens(queue: Any, listener: Any) -> bool:
    try:
        queue.on("job complete", listener)
    except kue.ConnectionFailed:
        return False
    return True


@pytest.mark.parametrize("call", range(len(TestUnreachable.CALLS)))
def test_the_error_reports_that_a_password_is_missing(
    secured: RedisServer, make_queue: MakeQueue, call: int, errors: list[BaseException]
) -> None:
    where = f"redis://127.0.0.1:{secured.port}"
    queue = make_queue(where)
    with pytest.raises(kue.RedisRefused, match=f"{where}/0 refused the connection: Authentication required") as caught:
        TestUnreachable.CALLS[call](queue)
    assert caught.value.transient
    queue.shutdown()
    assert {type(problem) for problem in errors} <= {kue.RedisRefused}
    errors.clear()


def test_a_worker_without_the_password_reports_that_once(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    own_server.client().config_set("requirepass", "secret")
    queue = make_queue(own_server.url)
    queue.process("email", lambda job: None)
    wait_until(lambda: errors)
    with redis.Redis.from_url(own_server.url, password="secret") as client:
        client.config_set("requirepass", "")
    wait_until(lambda: queue.health()["ready"], 20)
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert [type(problem) for problem in errors] == [kue.RedisRefused, kue.ConnectionRestored]
    assert "Authentication required" in str(errors[0])
    errors.clear()


@pytest.mark.slow
def test_a_process_that_forgets_to_shut_down_ends_all_the_same(redis_url: str) -> None:
    script = """
        import kue, os, threading
        queue = kue.create_queue()
        done = threading.Event()
        queue.on("job complete", done.set)
        queue.process("email", lambda job: "done")
        queue.create("email").save()
        done.wait(10)
        print("the end")
    """
    environment = os.environ | {"KUE_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", textwrap.dedent(script)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "the end\n", "")
