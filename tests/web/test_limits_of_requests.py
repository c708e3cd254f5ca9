"""How much one request may be, and what every answer has."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

import kue
import kue.web
from kue.errors import ConnectionFailed
from kue.web.security.headers import HEADERS
from tests.web.asgi import ask
from tests.web.server import WebServer


@pytest.mark.parametrize("path", ["/stats", "/nope", "/job/1", "/job/%zz"])
def test_every_answer_has_the_headers_that_bind_a_browser(web: WebServer, path: str) -> None:
    headers = web.get(path).headers
    assert {name.lower(): value for name, value in HEADERS.items()}.items() <= headers.items()
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert not any("unsafe" in rule or "*" in rule for rule in policy)


def test_an_answer_names_no_software(web: WebServer) -> None:
    assert not web.get("/stats").headers.keys() & {"x-powered-by", "etag"}


def test_a_long_query_string_is_refused(web: WebServer) -> None:
    assert web.get(f"/stats?{'x' * 8000}").status == 200
    assert web.get(f"/stats?{'x' * 8001}").status == 414


def test_headers_that_are_too_long_are_refused(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    assert ask(app, "GET", "/stats", ("X-A", "x" * 31_900)).status == 200
    assert ask(app, "GET", "/stats", ("X-A", "x" * 32_000)).status == 431


def sent_in_pieces(
    app: Any, *pieces: bytes, pause: float = 0, method: str = "POST", path: str = "/job"
) -> tuple[int, int]:
    """The status for a body that comes in pieces, without its length, and how many pieces were not taken."""
    waiting = list(pieces)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(pause)
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting) or pause > 0}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
    }
    asyncio.run(app({**scope, "headers": headers, "client": ("127.0.0.1", 1)}, receive, send))
    status: int = sent[0]["status"]
    return status, len(waiting)


@pytest.mark.parametrize(("method", "path"), [("GET", "/healthz"), ("GET", "/stats"), ("DELETE", "/job/1")])
def test_a_body_is_not_read_on_an_address_that_takes_none(queue: kue.Queue, method: str, path: str) -> None:
    """Else clients without a password could fill the memory with the bodies of probes."""
    status, left = sent_in_pieces(
        kue.web.app(queue, auth=kue.web.open_access), b"{", b"}", pause=30, method=method, path=path
    )
    assert (status, left) == (200, 2)


def test_a_length_of_thousands_of_digits_is_too_long(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    assert ask(app, "POST", "/job", ("Content-Length", "9" * 5000), body=b"{}").status == 413


N = 4_999_000
HOSTILE = {
    "a string that is never closed": b'["' + b'\\"' * (N // 2),
    "backslashes": b'["' + b"\\" * N,
    "quotes": b"[" + b'"' * N,
    "opening brackets": b"[" * N,
    "closing brackets": b"]" * N,
    "digits": b"[" + (b"9" * 308 + b" ") * (N // 309) + b"]",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_read_once(queue: kue.Queue, body: bytes) -> None:
    """In a time that grows with the square of its length, this test would run for hours."""
    app = kue.web.app(queue, auth=kue.web.open_access)
    assert ask(app, "POST", "/job", ("Content-Type", "application/json"), body=body).status == 400


def test_brackets_and_digits_inside_strings_count_for_nothing(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    for text in ("[" * 200, '\\"' + "[" * 200, "\\\\", "9" * 400, '"[' * 101):
        body = json.dumps({"type": "email", "data": [text, {"a" + text: 1}]}).encode()
        assert ask(app, "POST", "/job", ("Content-Type", "application/json"), body=body).status == 200, text
    for depth, status in ((98, 200), (99, 400)):
        data = b"[" * depth + b'1.5, "]"' + b"]" * depth
        body = b'{"type": "email", "data": [' + data + b"]}"
        assert ask(app, "POST", "/job", ("Content-Type", "application/json"), body=body).status == status, depth


def test_a_fraction_of_many_digits_is_a_number(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    for number, status in ((b"0." + b"1" * 400, 200), (b"-" + b"9" * 309, 400), (b"1e999", 400)):
        body = b'{"type": "email", "data": [' + number + b"]}"
        assert ask(app, "POST", "/job", ("Content-Type", "application/json"), body=body).status == status, number


def test_a_body_in_pieces_is_counted(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    assert sent_in_pieces(app, b'{"type":', b'"email"}') == (200, 0)
    assert sent_in_pieces(app, *[b" " * 1_000_000] * 6) == (413, 0)


def test_a_body_that_does_not_end_is_given_up(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access, limits=kue.web.Limits(body_seconds=0.05))
    assert sent_in_pieces(app, b'{"type":', pause=30) == (408, 0)


def test_a_client_that_leaves_is_no_error(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    assert sent_in_pieces(app, b'{"type":', pause=0.001) == (400, 0)


def test_a_range_has_ten_thousand_jobs_at_most_and_says_so(queue: kue.Queue, client: Any) -> None:
    queue.save_all(queue.create("email") for _ in range(12))
    app = kue.web.app(queue, auth=kue.web.open_access, limits=kue.web.Limits(jobs_per_answer=10))
    assert kue.web.Limits().jobs_per_answer == 10_000
    for path, ids, truncated in (
        ("/jobs/0..9", range(1, 11), False),
        ("/jobs/0..10", range(1, 11), True),
        ("/jobs/2..-1", range(3, 13), False),
        ("/jobs/1..-1", range(2, 12), True),
        ("/jobs/-11..-1", range(2, 12), True),
        ("/jobs/-5..-1", range(8, 13), False),
        ("/jobs/inactive/0..100", range(1, 11), True),
        ("/jobs/email/0..100", range(1, 11), True),
        ("/jobs/20..30", (), False),
    ):
        answer = ask(app, "GET", path)
        assert [job["id"] for job in answer.json] == list(ids), path
        assert (answer.headers.get("x-kue-truncated") == "true") is truncated, path


def test_a_long_answer_is_whole(queue: kue.Queue, client: Any) -> None:
    """It is sent while its jobs are read."""
    queue.save_all(queue.create("email", {"n": n}) for n in range(1234))
    answer = ask(kue.web.app(queue, auth=kue.web.open_access), "GET", "/jobs/0..-1/desc")
    assert [(job["id"], job["data"]["n"]) for job in answer.json] == [(n + 1, n) for n in reversed(range(1234))]


def test_a_long_answer_that_breaks_off_is_one_line_in_the_log(
    queue: kue.Queue, client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    queue.save_all(queue.create("email", {"text": "x" * 1000}) for _ in range(1234))
    app = kue.web.app(queue, auth=kue.web.open_access)
    read = type(app.site.pages).rows

    def rows(*args: Any) -> Iterator[Any]:
        for id, fields in read(*args):
            if id == 1000:
                raise ConnectionFailed("Redis is away")
            yield id, fields

    monkeypatch.setattr(type(app.site.pages), "rows", rows)
    answer = ask(app, "GET", "/jobs/0..-1")
    assert (answer.status, answer.body[-1:]) == (200, b"}")
    (record,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert "broke off: Redis is away" in record.getMessage()
    assert record.exc_info is None


def test_the_five_sets_of_a_type_are_merged_in_the_order_of_all_jobs(queue: kue.Queue, client: Any) -> None:
    """Kue has no such route, though kue-ui asks for it."""
    for n in range(10):
        job = queue.create("email" if n % 5 else "sms", {}, priority=-n % 3).save()
        job.state(("inactive", "active", "complete", "failed", "delayed")[n % 5])
    app = kue.web.app(queue, auth=kue.web.open_access)
    everything = [int(member[3:]) for member in client.zrange("q:jobs", 0, -1)]
    emails = [id for id in everything if id not in (1, 6)]
    for start, stop in ((0, 2), (1, 5), (3, 100), (-3, -1)):
        found = [job["id"] for job in ask(app, "GET", f"/jobs/email/{start}..{stop}").json]
        assert found == sorted(emails[start : stop + 1 or None])
