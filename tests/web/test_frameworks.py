"""The app mounted in other frameworks: each of those examples, with a real server and a real Redis."""

import base64
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import kue
from tests.processes import end, tied, unmeasured
from tests.servers import RedisServer
from tests.web.server import Answer, Client, Headers

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PASSWORD = ("Authorization", f"Basic {base64.b64encode(b'ana:secret').decode()}")
TOKEN = ("Authorization", "Bearer token-of-ops")


class Example(NamedTuple):
    """An example, the interface that serves it, the prefix and the queue that it shows there, and who may see it."""

    name: str
    interface: str
    prefix: str = "/kue"
    keys: str = "q"
    user: tuple[str, str] | None = PASSWORD


EXAMPLES = [
    Example("mount_starlette", "asgi", user=TOKEN),
    Example("mount_fastapi", "asgi", "/kue/mails", "mails"),
    Example("mount_django", "asgi", user=None),
    Example("mount_flask", "wsgi"),
    Example("mount_django_wsgi", "wsgi"),
]


class Host(Client):
    """An app of another framework, with ours under a prefix, and a queue that ours shows."""

    def __init__(self, port: int, example: Example, queue: kue.Queue) -> None:
        super().__init__(port)
        self.example, self.queue = example, queue
        self.user = [example.user] if example.user else [self._logged_in()]

    def kue(self, method: str, path: str, *headers: tuple[str, str], body: bytes | None = None) -> Answer:
        """Ask our app, as somebody who may do everything."""
        return self.ask(method, self.example.prefix + path, [*self.user, *headers], body)

    def _logged_in(self) -> tuple[str, str]:
        """The cookie that Django gives a user."""
        form: Headers = [("Content-Type", "application/x-www-form-urlencoded")]
        answer = self.ask("POST", "/login", form, b"user=ana&password=secret")
        found = re.search(r"sessionid=\w+", answer.headers["set-cookie"])
        assert found
        return "Cookie", found[0]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda example: example.name)
def host(request: pytest.FixtureRequest, server: RedisServer) -> Iterator[Host]:
    example: Example = request.param
    with server.client() as client:
        client.flushall()
    process = subprocess.Popen(
        tied([sys.executable, str(HERE / "serve_example.py"), example.name, example.interface]),
        env=unmeasured() | {"KUE_REDIS_URL": server.url, "PYTHONPATH": str(HERE.parent.parent)},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline() or b"0")
        with kue.Queue(redis=server.url, prefix=example.keys) as queue:
            yield Host(port, example, queue)
    finally:
        end(process)
        process.communicate()


def test_it_answers_below_its_prefix_and_only_to_its_users(host: Host) -> None:
    host.queue.create("email").save()
    assert host.kue("GET", "/stats").json["inactiveCount"] >= 1
    assert host.kue("GET", "/jobs/email/inactive/0..5/desc").json[0]["type"] == "email"
    assert host.get(f"{host.example.prefix}/healthz").body == b"ok\n"
    assert host.get(f"{host.example.prefix}/stats").status in (401, 403)
    assert host.get("/stats", *host.user).status == 404


def test_its_links_and_redirects_stay_below_its_prefix_whatever_host_was_asked_for(host: Host) -> None:
    prefix = host.example.prefix
    page = host.kue("GET", "/")
    found = re.search(r'<link rel="icon" href="([^"]+)"', page.body.decode())
    assert found
    assert host.get(urllib.parse.urljoin(f"{prefix}/", found[1]), *host.user).type == "image/svg+xml"
    made = host.kue("POST", "/api/v1/jobs", ("Content-Type", "application/json"), body=b'{"type": "sms"}')
    assert made.status == 201
    assert made.headers["location"].startswith(f"{prefix}/api/v1/jobs/")
    assert host.get(made.headers["location"], *host.user).json["type"] == "sms"
    if host.example.interface == "wsgi":  # in the others the framework leads to the slash by itself
        bare = host.kue("GET", "")
        assert (bare.status, bare.headers["location"]) == (307, "./kue/")


def test_a_foreign_page_changes_nothing_and_one_of_the_same_server_does(host: Host) -> None:
    json = ("Content-Type", "application/json")
    own, foreign = f"http://127.0.0.1:{host.port}", "http://evil.example"
    statuses = [
        host.kue("POST", "/job", json, ("Origin", origin), body=b'{"type": "sms"}').status for origin in (own, foreign)
    ]
    assert statuses == [200, 403]


def test_a_type_with_a_slash_is_reached_by_asgi_alone(host: Host) -> None:
    """WSGI servers hand on the decoded address only. The API of our own takes the type behind the `?`."""
    id = host.queue.create("a/b").save().id
    by_kue, by_ours = host.kue("GET", "/jobs/a%2Fb/inactive/0..5"), host.kue("GET", "/api/v1/jobs?type=a%2Fb")
    assert [job["id"] for job in by_ours.json["jobs"]] == [id]
    if host.example.interface == "wsgi":
        assert by_kue.status == 404
    else:
        assert [job["id"] for job in by_kue.json] == [id]


def test_wsgi_has_no_stream_and_gives_the_same_state_once(host: Host) -> None:
    state = host.kue("GET", "/api/v1/live?topics=counts").json["events"]
    assert {event["topic"] for event in state} == {"redis", "counts"}
    wanted = 501 if host.example.interface == "wsgi" else 200
    assert host.kue("HEAD", "/api/v1/events?topics=counts").status == wanted
