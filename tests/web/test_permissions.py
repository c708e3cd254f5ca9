"""Who may do what: passwords, functions, read-only servers, and the permission of each route."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request

import kue
import kue.web
from kue.errors import InvalidOption
from kue.web import Access, open_access
from kue.web.app import App
from kue.web.proxy import behind_proxy
from kue.web.refused import Refused
from kue.web.security.passwords import read_users
from tests.helpers import keyspace
from tests.web.asgi import ask

Asgi = Callable[..., App]
NODE_READS = ["/stats", "/job/types", "/jobs/0..5", "/jobs/failed/0..5", "/job/1", "/job/1/log"]
CHANGES = {
    ("POST", "/job"): "create",
    ("PUT", "/job/1/state/active"): "retry",
    ("PUT", "/job/1/priority/5"): "retry",
    ("GET", "/inactive/1"): "retry",
    ("DELETE", "/job/1"): "remove",
}


def basic(name: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def may(*permissions: str) -> Callable[[Request], Access]:
    return lambda request: Access("ana", permissions)


def test_auth_has_no_default(queue: kue.Queue) -> None:
    with pytest.raises(TypeError, match="auth"):
        kue.web.app(queue)  # type: ignore[call-arg]


@pytest.mark.parametrize("auth", [None, "ana:secret", ("ana",), ("ana", ""), ("", "x"), ("a:b", "x"), 5, ["a", "b"]])
def test_bad_auth_is_refused_at_once(queue: kue.Queue, auth: Any) -> None:
    with pytest.raises(InvalidOption, match="auth must be"):
        kue.web.app(queue, auth=auth)


def test_a_permission_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidOption, match="there is no permission 'reed'; there are read, data,"):
        Access("ana", ["reed"])


def test_every_route_but_the_one_for_probes_names_a_permission(queue: kue.Queue) -> None:
    nameless = [route for route in kue.web.app(queue, auth=open_access).routes if not route.permission]
    assert [route.pattern for route in nameless] == ["/healthz"]


@pytest.mark.parametrize(("request_", "permission"), CHANGES.items(), ids=str)
def test_a_change_needs_its_permission(
    queue: kue.Queue, client: Any, request_: tuple[str, str], permission: str
) -> None:
    queue.create("email").save()
    before = keyspace(client)
    others = [name for name in kue.web.PERMISSIONS if name != permission]
    refused = ask(kue.web.app(queue, auth=may(*others)), *request_, json={"type": "sms"})
    assert refused.status == 403
    assert f"it needs the permission {permission}" in refused.json["error"]
    assert keyspace(client) == before
    assert ask(kue.web.app(queue, auth=may(permission)), *request_, json={"type": "sms"}).status == 200


@pytest.mark.parametrize("request_", CHANGES, ids=str)
def test_a_read_only_server_changes_nothing(queue: kue.Queue, client: Any, request_: tuple[str, str]) -> None:
    queue.create("email").save()
    before = keyspace(client)
    app = kue.web.app(queue, auth=open_access, read_only=True)
    assert ask(app, *request_, json={"type": "sms"}).status == 403
    assert ask(app, "GET", "/job/1").json["type"] == "email"
    assert keyspace(client) == before


@pytest.mark.parametrize("path", NODE_READS)
def test_reading_needs_a_permission(queue: kue.Queue, path: str) -> None:
    queue.create("email").save()
    others = [name for name in kue.web.PERMISSIONS if name != "read"]
    assert ask(kue.web.app(queue, auth=may(*others)), "GET", path).status == 403
    assert ask(kue.web.app(queue, auth=may("read")), "GET", path).status == 200


def test_data_results_errors_and_logs_need_the_permission_data(queue: kue.Queue, client: Any) -> None:
    job = queue.create("email", {"to": "secret"}).save()
    job.log("secret")
    job.progress(1, 2, {"step": "secret"})
    client.hset("q:job:1", mapping={"result": '"secret"', "error": "secret"})
    client.zadd("q:jobs:complete", {"01|1": 0})
    app = kue.web.app(queue, auth=may("read"))
    for path in ("/job/1", "/job/1/log", "/jobs/0..1", "/jobs/inactive/0..1"):
        answer = ask(app, "GET", path)
        assert answer.status == 200
        assert b"secret" not in answer.body
    assert ask(app, "GET", "/job/1").json["data"] == {}
    assert b"secret" in ask(kue.web.app(queue, auth=may("read", "data")), "GET", "/job/1/log").body


@pytest.mark.parametrize("verdict", [True, Access(), Access("ana", ["read"])], ids=["yes", "all", "reading"])
def test_a_function_may_let_in(queue: kue.Queue, verdict: Any) -> None:
    async def later(request: Request) -> Any:
        return verdict

    for auth in (lambda request: verdict, later):
        assert ask(kue.web.app(queue, auth=auth), "GET", "/stats").status == 200


@pytest.mark.parametrize("verdict", [False, None])
def test_a_function_may_refuse(queue: kue.Queue, verdict: Any) -> None:
    async def later(request: Request) -> Any:
        return verdict

    for auth in (lambda request: verdict, later):
        app = kue.web.app(queue, auth=auth)
        assert [ask(app, "GET", path).status for path in ("/stats", "/nope")] == [403, 403]


def test_a_function_that_returns_something_else_lets_nobody_in(queue: kue.Queue) -> None:
    answer = ask(kue.web.app(queue, auth=lambda request: "yes"), "GET", "/stats")  # type: ignore[arg-type,return-value]
    assert answer.status == 500


def test_the_right_password_is_asked_for(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=("ana", "pä:ss"))
    assert ask(app, "GET", "/stats", basic("ana", "pä:ss")).status == 200
    for header in (basic("ana", "pass"), basic("bob", "pä:ss"), basic("ana", "")):
        answer = ask(app, "GET", "/stats", header)
        assert (answer.status, answer.headers["www-authenticate"][:5]) == (401, "Basic")
    for header in (("Authorization", "Bearer x"), ("Authorization", "Basic ???"), ("Authorization", "Basic eA==")):
        assert ask(app, "GET", "/stats", header).status == 401
    assert ask(app, "GET", "/nope").status == 401


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def request(header: tuple[str, str] | None, address: str = "10.0.0.1") -> Request:
    headers = [(header[0].lower().encode(), header[1].encode())] if header else []
    return Request({"type": "http", "headers": headers, "client": (address, 1)})


def status(users: Any, *args: Any) -> int:
    try:
        users(request(*args))
    except Refused as refused:
        return refused.status
    return 200


def test_ten_wrong_passwords_a_minute_stop_an_address() -> None:
    clock = Clock()
    users = read_users({"users": ["ana:right"]}, clock)
    for second in range(10):
        clock.now = float(second)
        assert status(users, basic("ana", "wrong")) == 401
    assert status(users, basic("ana", "right")) == 429
    assert status(users, basic("ana", "right"), "10.0.0.2") == 200
    clock.now = 59.9
    assert status(users, basic("ana", "right")) == 429
    clock.now = 60.0
    assert status(users, basic("ana", "right")) == 200


@pytest.mark.parametrize(
    ("guessers", "other"),
    [
        (["2001:db8:0:1::1", "2001:db8:0:1:ffff:0:0:2", "2001:DB8:0:1::3"], "2001:db8:0:2::1"),
        (["::ffff:10.0.0.1", "10.0.0.1"], "::ffff:10.0.0.2"),
        (["fe80::1%eth0", "fe80::2%eth0"], "fe80:0:0:1::1"),
        (["a socket"], "another socket"),
    ],
)
def test_the_addresses_of_one_household_guess_together(guessers: list[str], other: str) -> None:
    """A client of IPv6 has so many addresses that each guess could come from another one."""
    users = read_users({"users": ["ana:right"]}, Clock())
    for place in range(10):
        assert status(users, basic("ana", "wrong"), guessers[place % len(guessers)]) == 401
    assert [status(users, basic("ana", "right"), address) for address in guessers] == [429] * len(guessers)
    assert status(users, basic("ana", "right"), other) == 200


def test_a_request_without_a_password_is_no_wrong_one() -> None:
    users = read_users({"users": ["ana:right"]}, Clock())
    assert [status(users, None) for _ in range(30)] == [401] * 30
    assert status(users, basic("ana", "right")) == 200


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["10.9.9.9, 192.0.2.1"], "192.0.2.1"),
        (["10.9.9.9", "192.0.2.1:4711"], "192.0.2.1"),
        (["10.9.9.9, [2001:DB8::5:1]:4711"], "2001:db8::5:1"),
        (["2001:db8::5:1"], "2001:db8::5:1"),
        (["192.0.2.1, unknown"], "127.0.0.1"),
        ([""], "127.0.0.1"),
        ([], "127.0.0.1"),
    ],
    ids=str,
)
def test_behind_a_proxy_a_client_cannot_choose_the_address_that_it_guesses_from(
    queue: kue.Queue, forwarded: list[str], address: str
) -> None:
    """The proxy adds the address that it sees to what the client sent."""
    seen = []

    def auth(request: Request) -> bool:
        seen.append(request.client and request.client.host)
        return True

    app = behind_proxy(kue.web.app(queue, auth=auth))
    assert ask(app, "GET", "/stats", *(("X-Forwarded-For", value) for value in forwarded)).status == 200
    assert seen == [address]


def test_the_addresses_of_guessers_cannot_fill_the_memory() -> None:
    users = read_users({"users": ["ana:right"]}, Clock())
    for number in range(10_000):
        status(users, basic("ana", "wrong"), str(number))
    assert len(users._wrong) == 4096


def test_users_are_read_from_lines() -> None:
    users = read_users({"a": ["# the team", "", "ana:one", "bob:two:read"], "b": ["zoë:drei\n"]})
    assert users(request(basic("ana", "one"))) == Access("ana")
    assert users(request(basic("bob", "two"))) == Access("bob", ["read", "data"])
    assert users(request(basic("zoë", "drei"))) == Access("zoë")


@pytest.mark.parametrize("line", ["ana", "ana:", ":x", "ana:x:write", "ana:x:read:y", "ana:x:"])
def test_a_bad_line_is_named_without_its_password(line: str) -> None:
    with pytest.raises(InvalidOption, match="line 3 of users must be user:password or user:password:read") as info:
        read_users({"users": ["bob:y", "", line]})
    assert "x" not in str(info.value)


def test_an_asynchronous_function_may_wait(queue: kue.Queue) -> None:
    async def auth(request: Request) -> bool:
        await asyncio.sleep(0)
        return request.headers.get("x-token") == "right"

    app = kue.web.app(queue, auth=auth)
    assert ask(app, "GET", "/stats", ("X-Token", "right")).status == 200
    assert ask(app, "GET", "/stats", ("X-Token", "wrong")).status == 403
