"""`kue dashboard`, started as a user starts it."""

import re
import signal
import socket
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner

import kue
from kue.cli.app import app
from tests.cli.command import Command, assert_usage_error
from tests.helpers import wait_until
from tests.observer.observers import NodeWorker, completed
from tests.web.events import EventStream
from tests.web.server import Client, not_reading

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
URL = r"^http://(\S+):(\d+)(\S*)/ shows the queue (\S+) of Redis at (\S+)$"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def listening(command: Command) -> Client:
    port = int(command.wait_for(URL)[0][2])

    def answers() -> bool:
        try:
            return Client(port).get("/healthz").status == 200
        except OSError:
            return False

    wait_until(answers, 30)
    return Client(port)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_the_api_until_a_signal_comes(start: Start, redis_url: str, stop: int) -> None:
    command = start("dashboard", "--port", str(free_port()), "--prefix", "x", KUE_REDIS_URL=redis_url)
    web = listening(command)
    assert web.post("/job", {"type": "email"}).json == {"message": "job created", "id": 1}
    assert web.get("/job/1").json["type"] == "email"
    page = web.get("/")
    assert (page.status, page.type) == (200, "text/html; charset=utf-8")
    assert re.search(r'<link rel="icon" href="/icon.svg">', page.body.decode())
    assert web.get("/icon.svg").type == "image/svg+xml"
    command.signal(stop)
    command.assert_success()
    assert (command.lines[-1], command.errors) == ("stopped", [])


def test_it_stops_though_live_streams_are_open(start: Start, redis_url: str) -> None:
    command = start("dashboard", "--port", str(free_port()), KUE_REDIS_URL=redis_url)
    web = listening(command)
    streams = [EventStream(web.port, "counts,attention") for _ in range(5)]
    for stream in streams:
        stream.first("counts", "attention")
    command.signal(signal.SIGTERM)
    for stream in streams:
        while stream.next() is not None:
            pass
    command.assert_success()
    assert (command.lines[-1], command.errors) == ("stopped", [])


def test_it_stops_in_time_though_clients_do_not_read(start: Start, redis_url: str, queue: kue.Queue) -> None:
    for _ in range(30):
        job = queue.create("email", {"text": "t" * 500_000}).save()
    for _ in range(500):
        job.log("l" * 10_000)
    command = start("dashboard", "--port", str(free_port()), KUE_REDIS_URL=redis_url)
    web = listening(command)
    clients = []
    for path in ("/jobs/0..-1", "/api/v1/jobs?limit=30", "/api/v1/events?topics=job:30"):
        clients.append(not_reading(web.port, path))
        assert clients[-1].recv(1) == b"H"
    command.signal(signal.SIGTERM)
    command.assert_success()
    assert (command.lines[-1], command.errors) == ("stopped", [])
    for client in clients:
        client.close()


def test_another_dashboard_counts_the_jobs_of_node_when_the_first_was_killed(
    start: Start, redis_url: str, client: "redis.Redis"
) -> None:
    node, ids = NodeWorker(client), count(1)

    def counted() -> int:
        """How many jobs are counted when one of them was, which shows that somebody counts."""
        before = completed(client)

        def is_counted() -> bool:
            node.run(next(ids))
            return completed(client) > before

        wait_until(is_counted, 20)
        return completed(client)

    arguments = ["dashboard", "--observe", "--port"]
    first = start(*arguments, str(free_port()), KUE_REDIS_URL=redis_url)
    listening(first)
    counted()
    second = start(*arguments, str(free_port()), KUE_REDIS_URL=redis_url)
    listening(second)
    first.leave(signal.SIGKILL)
    counted()
    second.signal(signal.SIGTERM)
    second.assert_success()
    assert 2 <= completed(client) <= next(ids) - 1, "none counts twice"


def test_kue_dashboard_takes_the_options_of_kues_own(start: Start, redis_url: str) -> None:
    program = ("-c", "from kue.cli import dashboard_main; dashboard_main()")
    command = start("-p", str(free_port()), "-r", redis_url, "-q", "other", program=program)
    assert listening(command).get("/stats").status == 200
    assert command.wait_for(URL)[0][4] == "other"


def test_users_come_from_a_file_the_environment_and_the_command_line(
    start: Start, redis_url: str, tmp_path: Path
) -> None:
    users = tmp_path / "users"
    users.write_bytes(b"\xef\xbb\xbfana:one\r\n# team\r\nbob:two:read\r\n")
    arguments = ["dashboard", "--port", str(free_port()), "--auth", "cleo:three", "--auth-file", str(users)]
    command = start(*arguments, KUE_REDIS_URL=redis_url, KUE_DASHBOARD_AUTH="dora:four")
    web = listening(command)
    assert web.get("/stats").status == 401
    for basic in ("YW5hOm9uZQ==", "Ym9iOnR3bw==", "Y2xlbzp0aHJlZQ==", "ZG9yYTpmb3Vy"):
        assert web.get("/stats", ("Authorization", f"Basic {basic}")).status == 200
    assert web.post("/job", {"type": "x"}, ("Authorization", "Basic Ym9iOnR3bw==")).status == 403
    assert web.post("/job", {"type": "x"}, ("Authorization", "Basic YW5hOm9uZQ==")).status == 200


def refused(*arguments: str, **environment: str) -> str:
    """What the command says, run in this process, when it refuses its command line."""
    result = CliRunner().invoke(app, ["dashboard", *arguments], env=environment)
    assert result.exit_code == 2
    return result.stderr.strip()


def test_it_refuses_to_let_other_machines_in_without_users() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        assert refused("--host", host).startswith(f"kue: other machines reach {host}: give users with --auth-file,")


@pytest.mark.parametrize("auth", ["ana", "ana:", ":x", "ana:x:write"])
def test_a_bad_user_is_refused(auth: str) -> None:
    assert refused("--auth", auth) == "kue: line 1 of --auth must be user:password or user:password:read"


def test_users_that_were_left_empty_do_not_open_the_server(tmp_path: Path) -> None:
    """A file that was not filled, or a variable that is not set, must not let everybody in."""
    users = tmp_path / "users"
    users.write_text("# team\n\n")
    file = f"the file {users}"
    nobody = "kue: there is no user in {}: give at least one line user:password".format
    assert refused("--auth", "") == nobody("--auth")
    assert refused("--auth-file", str(users)) == nobody(file)
    assert refused("--auth", "ana:one", "--auth-file", str(users)) == nobody(file)
    assert refused(KUE_DASHBOARD_AUTH="") == nobody("KUE_DASHBOARD_AUTH")


def test_a_server_behind_a_proxy_needs_users() -> None:
    for given in (["--behind-proxy"], ["--root-url", "https://ops.example.com/kue"], ["--root-path", "/kue"]):
        assert refused(*given).startswith("kue: a proxy lets other machines in: give users with --auth-file,")


def test_a_proxy_may_remove_the_prefix_or_pass_it_on(start: Start, redis_url: str) -> None:
    proxied = ["--root-path", "/kue", "--root-url", "https://ops.example.com/kue", "--behind-proxy", "--no-auth"]
    web = listening(start("dashboard", "--port", str(free_port()), *proxied, KUE_REDIS_URL=redis_url))
    own, foreign = ("ops.example.com", "https://ops.example.com"), ("evil.example", "https://evil.example")
    for path in ("/kue/job", "/job"):
        assert [web.get(f"{path}/types", ("Host", host)).status for host, _ in (own, foreign)] == [200, 421]
        for (host, origin), status in ((own, 200), ((own[0], foreign[1]), 403)):
            headers = [("Content-Type", "application/json"), ("Host", host), ("Origin", origin)]
            assert web.ask("POST", path, headers, b'{"type": "email"}').status == status


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--root-path", "kue", "root_path must be a path such as /kue, not 'kue'"),
        ("--root-path", "/k%20e?x#y", "root_path must be a path such as /kue, not '/k%20e?x#y'"),
        ("--root-url", "ops.example.com", "root_url must be the whole address at which browsers see the app"),
        ("--allow-origin", "null", "allowed_origins must have origins such as https://admin.example, not 'null'"),
    ],
)
def test_a_wrong_address_is_refused(option: str, value: str, problem: str) -> None:
    assert refused(option, value, "--no-auth").startswith(f"kue: {problem}")


def test_a_port_that_is_taken_is_named(start: Start, redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = start("dashboard", "--port", str(port), KUE_REDIS_URL=redis_url)
        assert command.wait() == 1
    (error,) = command.errors
    assert error.startswith(f"kue: port {port} of 127.0.0.1 cannot be used (")


def test_bad_options_are_refused() -> None:
    assert_usage_error("dashboard", "--port", "0")
    assert_usage_error("dashboard", "--nope")
