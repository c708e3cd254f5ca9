"""The server behind a real nginx, under a prefix, with the configuration and the command of the guide."""

import base64
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import absent
from tests.examples.markdown import DOCS, section
from tests.helpers import wait_until
from tests.processes import end, tied, unmeasured
from tests.servers import RedisServer, free_port
from tests.web.events import EventStream
from tests.web.server import JSON, Client

pytestmark = pytest.mark.slow

SECTION = section(DOCS / "guides" / "mounting.md", "Behind a proxy")
OWN = "https://ops.example.com"
ANA = ("Authorization", f"Basic {base64.b64encode(b'ana:secret').decode()}")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Proxied(NamedTuple):
    """Clients of nginx and of the server behind it."""

    proxy: Client
    server: Client


def configuration(folder: Path, port: int, server: int) -> str:
    """The configuration of the guide, and one more prefix, which nginx removes."""
    ((_, guide),) = SECTION.other_code
    assert "http://127.0.0.1:3000;" in guide
    locations = guide.replace(":3000;", f":{server};") + f"location /no/ {{ proxy_pass http://127.0.0.1:{server}/; }}"
    paths = "".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    user = "user root;" if os.getuid() == 0 else ""
    return (
        f"daemon off; {user} pid {folder}/pid; error_log stderr; events {{}}"
        f"http {{ access_log off; {paths} server {{ listen 127.0.0.1:{port}; {locations} }} }}"
    )


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        absent("the proxy needs the package nginx-light (Debian)")
    folder = tmp_path_factory.mktemp("nginx")
    port, server = free_port(), free_port()
    (folder / "conf").write_text(configuration(folder, port, server))
    (step,) = (step for step in SECTION.steps if step.kind == "sh")
    kue, *arguments = shlex.split(step.code.replace("\\\n", ""))
    assert (kue, arguments[-2:]) == ("kue", ["--auth-file", "users"])
    users = folder / "users"
    users.write_text("ana:secret\n")
    with RedisServer() as redis:
        own = ["--port", str(server), "--redis", redis.url]
        kue_command = [sys.executable, "-m", "kue", *arguments[:-1], str(users), *own]
        nginx_command = [nginx, "-e", "stderr", "-p", str(folder), "-c", str(folder / "conf")]
        running = [subprocess.Popen(tied(command), env=unmeasured()) for command in (kue_command, nginx_command)]
        try:
            both = Proxied(Client(port), Client(server))
            wait_until(lambda: is_up(both.server) and is_up(both.proxy, "/kue"), 30)
            yield both
        finally:
            for process in running:
                end(process)


def is_up(client: Client, prefix: str = "") -> bool:
    try:
        return client.get(f"{prefix}/healthz").status == 200
    except OSError:
        return False


def test_the_configuration_of_the_guide_passes_everything_on(proxied: Proxied) -> None:
    proxy, server = proxied
    statuses = [
        proxy.post("/kue/job", {"type": "a/b"}, ANA, ("Origin", origin)).status
        for origin in (OWN, "http://evil.example")
    ]
    assert statuses == [200, 403]
    body = b'{"type": "large", "data": "' + b"x" * 2_000_000 + b'"}'
    assert proxy.ask("POST", "/kue/job", [JSON, ANA], body).json["message"] == "job created"
    assert [job["type"] for job in proxy.get("/kue/jobs/a%2Fb/inactive/0..5", ANA).json] == ["a/b"]
    made = proxy.post("/kue/api/v1/jobs", {"type": "sms"}, ANA)
    assert proxy.get(made.headers["location"], ANA).json["type"] == "sms"
    assert proxy.get("/stats", ANA).status == 404
    assert server.get("/stats", ANA).status == 200


def test_the_live_stream_passes_through_at_once(proxied: Proxied) -> None:
    with EventStream(proxied.proxy.port, "counts", ANA, prefix="/kue") as stream:
        stream.until("counts", failed=0)
        waiting = stream.state["counts"]["inactive"]
        proxied.server.post("/job", {"type": "email"}, ANA)
        stream.until("counts", inactive=waiting + 1)


def test_a_prefix_that_nginx_removes_works_but_loses_the_slash_in_a_type(proxied: Proxied) -> None:
    proxied.proxy.post("/no/job", {"type": "c/d"}, ANA)
    assert "c/d" in proxied.proxy.get("/no/job/types", ANA).json
    assert proxied.proxy.get("/no/jobs/c%2Fd/inactive/0..5", ANA).status == 404


def test_a_guesser_has_to_wait_whatever_address_it_claims_and_others_do_not(proxied: Proxied) -> None:
    wrong = ("Authorization", f"Basic {base64.b64encode(b'ana:guess').decode()}")
    guesser = Client(proxied.proxy.port, source="127.0.0.2")
    statuses = [guesser.get("/kue/stats", wrong, ("X-Forwarded-For", f"192.0.2.{n}")).status for n in range(11)]
    assert statuses == [401] * 10 + [429]
    assert proxied.proxy.get("/kue/stats", ANA).status == 200
