"""What a page of another origin can make a browser do here: nothing but safe reads."""

from typing import Any

import pytest

import kue
import kue.web
from kue.errors import InvalidOption
from kue.web import open_access
from kue.web.app import App
from tests.helpers import keyspace
from tests.web.asgi import ask

OWN = "http://jobs.example.com"
CHANGES = [("POST", "/job"), ("PUT", "/job/1/state/active"), ("DELETE", "/job/1"), ("GET", "/inactive/1")]
HOST = ("Host", "jobs.example.com")


@pytest.fixture
def app(queue: kue.Queue) -> App:
    queue.create("email").save().failed()
    return kue.web.app(queue, auth=lambda request: True)


def change(app: App, request: tuple[str, str], *headers: tuple[str, str], **scope: Any) -> int:
    return ask(app, *request, HOST, *headers, json={"type": "sms"}, **scope).status


@pytest.mark.parametrize("request_", CHANGES, ids=str)
@pytest.mark.parametrize(
    "headers",
    [
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "")],
        [("Sec-Fetch-Site", "cross-site"), ("Origin", OWN)],
        [("Origin", "http://evil.example")],
        [("Origin", "https://jobs.example.com")],
        [("Origin", "http://jobs.example.com:8080")],
        [("Origin", "http://jobs.example.com.evil.example")],
        [("Origin", "null")],
        [("Referer", "http://evil.example/page")],
        [("Referer", "http://jobs.example.com@evil.example/")],
        [("Referer", "http://[")],
        [("Origin", "http://evil.example"), ("Referer", f"{OWN}/")],
    ],
    ids=str,
)
def test_a_change_from_a_foreign_page_is_refused(
    app: App, client: Any, request_: tuple[str, str], headers: list[tuple[str, str]]
) -> None:
    before = keyspace(client)
    assert change(app, request_, *headers) == 403
    assert keyspace(client) == before


@pytest.mark.parametrize("request_", CHANGES, ids=str)
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Dest", "empty")],
        [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Dest", "empty")],
        [("Origin", OWN)],
        [("Referer", f"{OWN}/failed?type=x")],
    ],
    ids=str,
)
def test_a_change_from_a_page_of_our_own_or_a_program_is_carried_out(
    app: App, request_: tuple[str, str], headers: list[tuple[str, str]]
) -> None:
    assert change(app, request_, *headers) == 200


@pytest.mark.parametrize("destination", ["document", "image", "iframe", "script", "style"])
def test_no_link_and_no_picture_queues_a_job_again(app: App, client: Any, destination: str) -> None:
    before = keyspace(client)
    headers = [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Dest", destination), ("Sec-Fetch-Mode", "navigate")]
    assert change(app, ("GET", "/inactive/1"), *headers) == 403
    assert keyspace(client) == before


FIREFOX = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
PAGE = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
PICTURE = ("Accept", "image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8")
EVERYTHING = ("Accept", "*/*")


@pytest.mark.parametrize(
    "headers",
    [
        [FIREFOX, PICTURE],
        [FIREFOX, PAGE],
        [FIREFOX, EVERYTHING],
        [FIREFOX, PAGE, ("Referer", f"{OWN}/")],
        [FIREFOX, PICTURE, ("Referer", f"{OWN}/")],
    ],
    ids=["a picture", "a link", "a script", "a link of our own", "a picture of our own"],
)
def test_over_plain_http_a_browser_queues_a_job_again_for_a_script_of_our_own_only(
    app: App, client: Any, headers: list[tuple[str, str]]
) -> None:
    """It does not say there what it asks for, and a page can have it leave out the Referer."""
    before = keyspace(client)
    assert change(app, ("GET", "/inactive/1"), *headers) == 403
    assert keyspace(client) == before
    assert change(app, ("GET", "/inactive/1"), FIREFOX, EVERYTHING, ("Referer", f"{OWN}/failed")) == 200


@pytest.mark.parametrize("agent", ["curl/8.5.0", "node-superagent/3.8.3", "axios/1.7.2", "python-requests/2.32"])
def test_a_program_may_queue_a_job_again(app: App, agent: str) -> None:
    assert change(app, ("GET", "/inactive/1"), ("User-Agent", agent), EVERYTHING) == 200


def test_a_foreign_page_may_send_a_safe_read_but_not_see_the_answer(app: App) -> None:
    answer = ask(app, "GET", "/stats", HOST, ("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"))
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_address_of_a_proxy_is_our_own_origin(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=lambda request: True, root_url="https://ops.example.com/kue/")
    assert change(app, ("POST", "/job"), ("Origin", "https://ops.example.com")) == 200
    assert change(app, ("POST", "/job"), ("Origin", OWN)) == 403


@pytest.mark.parametrize(
    "written", ["https://admin.example.com/", "https://admin.example.com:443", "HTTPS://Admin.Example.com"]
)
def test_an_allowed_origin_may_change_and_see_but_no_link_of_it_may(
    queue: kue.Queue, client: Any, written: str
) -> None:
    other = "https://admin.example.com"
    queue.create("email").save().failed()
    app = kue.web.app(queue, auth=lambda request: True, allowed_origins=[written])
    link = [("Referer", f"{other}/"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "document")]
    assert change(app, ("GET", "/inactive/1"), *link) == 403
    assert change(app, ("POST", "/job"), ("Origin", other), ("Sec-Fetch-Site", "cross-site")) == 200
    assert change(app, ("POST", "/job"), ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")) == 403
    answer = ask(app, "GET", "/stats", HOST, ("Origin", other))
    assert answer.headers["access-control-allow-origin"] == other
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["access-control-expose-headers"] == "Location, Retry-After, X-Kue-Truncated"
    foreign = ask(app, "GET", "/stats", HOST, ("Origin", "https://evil.example"))
    assert "access-control-allow-origin" not in foreign.headers


def test_a_browser_may_ask_beforehand_without_a_password(queue: kue.Queue) -> None:
    other = "https://admin.example.com"
    app = kue.web.app(queue, auth=("ana", "secret"), allowed_origins=[other])
    asked = [("Origin", other), ("Access-Control-Request-Method", "PUT")]
    answer = ask(app, "OPTIONS", "/job/1/state/active", *asked)
    assert answer.status == 200
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert ask(app, "OPTIONS", "/job/1/state/active").status == 401


@pytest.mark.parametrize("given", ["*", ["*"], [""], [5], ["https://a.example", "*"]])
def test_only_exact_origins_can_be_allowed(queue: kue.Queue, given: Any) -> None:
    with pytest.raises(InvalidOption, match="allowed_origins must be a list of exact names"):
        kue.web.app(queue, auth=open_access, allowed_origins=given)


@pytest.mark.parametrize(
    "given",
    [
        "null",
        "admin.example",
        "ftp://admin.example",
        "https://admin.example/page",
        "https://admin.example?x",
        "https://ana@admin.example",
        "https://admin.example:x",
        "https://bücher.example",
        "https://",
    ],
)
def test_what_is_no_origin_cannot_be_allowed(queue: kue.Queue, given: str) -> None:
    """It would never be equal to what a browser sends, and "null" is what every page can send."""
    with pytest.raises(InvalidOption, match=r"allowed_origins must have origins such as https://admin\.example, not"):
        kue.web.app(queue, auth=open_access, allowed_origins=[given])


@pytest.mark.parametrize(
    "given", ["ops.example.com/kue", "/kue", "ftp://ops.example.com", "https://ops.example.com/#x", 5]
)
def test_the_address_of_a_proxy_must_be_whole(queue: kue.Queue, given: Any) -> None:
    with pytest.raises(InvalidOption, match=r"root_url must be the whole address at which browsers see the app"):
        kue.web.app(queue, auth=open_access, root_url=given)


# host names


@pytest.mark.parametrize("host", ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000", "[::1]", "LOCALHOST"])
def test_an_open_server_is_reached_by_its_own_names(queue: kue.Queue, host: str) -> None:
    assert ask(kue.web.app(queue, auth=open_access), "GET", "/stats", ("Host", host)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.nip.io", ""]
)
def test_an_open_server_is_reached_by_no_other_name(queue: kue.Queue, host: str) -> None:
    """Else a page of a stranger could let its own name lead to 127.0.0.1, and read every job."""
    app = kue.web.app(queue, auth=open_access)
    assert [ask(app, "GET", path, ("Host", host)).status for path in ("/stats", "/nope", "/job/1")] == [421] * 3
    allowed = kue.web.app(queue, auth=open_access, allowed_hosts=["Jobs.Example.com"])
    assert ask(allowed, "GET", "/stats", ("Host", "jobs.example.com:80")).status == 200


def test_an_open_server_is_reached_by_the_name_in_its_address_behind_a_proxy(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=open_access, root_url="https://ops.example.com:8443/kue")
    hosts = ("ops.example.com", "ops.example.com:8443", "evil.example")
    assert [ask(app, "GET", "/stats", ("Host", host)).status for host in hosts] == [200, 200, 421]


@pytest.mark.parametrize("given", ["2001:db8::5:1", "2001:0DB8:0::5:1", "[2001:db8::5:1]", "[2001:db8::5:1]:3000"])
def test_an_address_of_version_six_can_be_allowed(queue: kue.Queue, given: str) -> None:
    app = kue.web.app(queue, auth=open_access, allowed_hosts=[given])
    hosts = ("[2001:db8::5:1]", "[2001:db8::5:1]:3000", "[2001:db8::5]:1")
    assert [ask(app, "GET", "/stats", ("Host", host)).status for host in hosts] == [200, 200, 421]


@pytest.mark.parametrize("given", ["https://jobs.example.com", "jobs.example.com/kue", "jobs example"])
def test_what_is_no_host_name_cannot_be_allowed(queue: kue.Queue, given: str) -> None:
    with pytest.raises(InvalidOption, match=r"allowed_hosts must have host names such as jobs\.example\.com, not"):
        kue.web.app(queue, auth=open_access, allowed_hosts=[given])


def test_a_server_with_passwords_is_reached_by_any_name(app: App) -> None:
    assert ask(app, "GET", "/stats", ("Host", "jobs.internal")).status == 200


def test_headers_that_tell_the_address_of_a_client_count_for_nothing(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=open_access)
    forwarded = [("X-Forwarded-Host", "localhost"), ("X-Forwarded-Proto", "https"), ("Forwarded", "host=localhost")]
    assert ask(app, "GET", "/stats", ("Host", "evil.example"), *forwarded).status == 421
