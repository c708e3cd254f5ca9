"""`GET /api/v1/jobs`: orders, pages, filters and their bounds."""

import base64
import itertools
import json
import random
from typing import Any
from urllib.parse import quote, urlencode

import pytest

import kue
import kue.web
from kue.web.read_model.job_list import JobList, Wanted
from tests.helpers import keyspace
from tests.web.asgi import ask
from tests.web.server import WebServer

PATH = "/api/v1/jobs"
PRIORITIES = (10, 0, -5, -10, -15)


def cursor_of(score: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(["next", "01|1", score]).encode()).decode().rstrip("=")


def fill(queue: kue.Queue, count: int = 60) -> None:
    chance = random.Random(count)
    for n in range(count):
        type = "email" if n % 3 else "a/b"
        job = queue.create(type, {"n": n, "to": f"Ünser{n % 10}@x"}, priority=chance.choice(PRIORITIES)).save()
        if n % 2:
            job.failed()


def ids(web: WebServer, **query: Any) -> list[int]:
    return [job["id"] for job in web.get(f"{PATH}?{urlencode(query)}").json["jobs"]]


def all_pages(web: WebServer, limit: int, **query: Any) -> list[int]:
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = web.get(f"{PATH}?{urlencode({**query, 'limit': limit, **cursor})}").json
        assert len(page["jobs"]) <= limit
        found += [job["id"] for job in page["jobs"]]
        if page["cursor"] is None:
            return found
        cursor = {"cursor": page["cursor"]}


@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize("order", ["next", "newest", "oldest"])
@pytest.mark.parametrize(
    "query", [{}, {"state": "failed"}, {"state": "failed", "type": "a/b"}, {"type": "email"}], ids=str
)
def test_page_after_page_gives_every_job_once_in_order(
    web: WebServer, queue: kue.Queue, client: Any, limit: int, order: str, query: dict[str, str]
) -> None:
    fill(queue)
    key = ":".join(["q:jobs", *filter(None, [query.get("type") if "state" in query else "", query.get("state")])])
    expected = [int(member[3:]) for member in client.zrange(key, 0, -1)]
    if query == {"type": "email"}:
        expected = [id for id in expected if client.hget(f"q:job:{id}", "type") == b"email"]
    if order != "next":
        expected.sort(reverse=order == "newest")
    assert all_pages(web, limit, order=order, **query) == expected


def test_the_newest_come_first_unless_asked_otherwise(web: WebServer, queue: kue.Queue) -> None:
    queue.save_all(queue.create("email") for _ in range(150))
    page = web.get(PATH).json
    assert [job["id"] for job in page["jobs"]] == list(range(150, 50, -1))
    assert (page["total"], page["scanned"], bool(page["cursor"])) == (150, 100, True)


def test_positions_are_those_of_the_set(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue)
    expected = [int(member[3:]) for member in client.zrange("q:jobs:failed", 0, -1)]
    assert ids(web, state="failed", order="next", **{"from": 5, "limit": 10}) == expected[5:15]
    assert ids(web, state="failed", order="next", **{"from": 500}) == []
    for query in ("from=5", "from=5&order=next&match=x", "from=5&order=next&cursor=x", "from=-1&order=next"):
        assert web.get(f"{PATH}?{query}").status == 422, query


def test_jobs_are_filtered_by_what_they_hold(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue)
    client.hset("q:job:2", mapping={"error": "TypeError: Boom\n    at x.py", "workerId": "kue:host:1-abc:email:7"})
    client.hset("q:job:6", "error", "timeout of 'a' after 7 s\nand more")
    client.hset("q:job:8", "error", "timeout of 'b' after 12 s")
    client.hset("q:job:4", mapping={"error": "no boom", "failed_at": "1700000000500", "created_at": "1700000000000"})
    assert ids(web, match="ÜNSER7@x", order="oldest") == [8, 18, 28, 38, 48, 58]
    assert ids(web, match='"n":7') == [8]
    assert ids(web, match="U.ser7") == []
    assert ids(web, message="boom", order="oldest") == [2, 4]
    assert ids(web, message="x.py") == []
    assert ids(web, alike="timeout of … after # s", order="oldest") == [6, 8]
    assert ids(web, alike="no boom") == [4]
    assert ids(web, alike="boom") == []
    assert ids(web, worker="kue:host:1-abc") == [2]
    assert ids(web, created_to=1_700_000_000_000) == [4]
    assert ids(web, created_to=1_699_999_999_999) == []
    assert ids(web, failed_from=1, failed_to=1_700_000_000_500) == [4]
    assert ids(web, state="inactive", match="ünser7") == []
    assert ids(web, state="failed", type="email", match="ünser7", order="oldest") == [8, 18, 38, 48]


@pytest.mark.parametrize("stored", ['{"t":"say \\"hi\\"\\n\u00dcn"}', '{"t":"say \\"hi\\"\\n\\u00dcn"}'])
def test_text_is_found_however_json_writes_it(web: WebServer, queue: kue.Queue, client: Any, stored: str) -> None:
    queue.create("email").save()
    client.hset("q:job:1", "data", stored)
    for match in ('say "hi"', '"hi"\n\u00fcN', "\u00dc", 'say \\"hi'):
        assert ids(web, match=match) == [1], match
    assert ids(web, match="say hi") == ids(web, match="u00dd") == []


def test_filtered_pages_lose_nothing(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue, 200)
    wanted = [id for id in range(1, 201) if (id - 1) % 10 == 3]
    for order in ("newest", "oldest", "next"):
        for limit in (1, 3, 50):
            assert sorted(all_pages(web, limit, match="ünser3", order=order)) == wanted


def test_a_request_reads_so_many_jobs_and_then_says_where_to_go_on(queue: kue.Queue, client: Any) -> None:
    queue.save_all(queue.create("email", {"n": n}) for n in range(1200))
    app = kue.web.app(queue, auth=kue.web.open_access)
    ticks = itertools.count()
    jobs = JobList(app.site.pages, clock=lambda: next(ticks) / 2)  # each look at the clock takes half a second
    first = jobs.find(Wanted(match='"n":1100'), "oldest", 10)
    assert (len(first.jobs), first.scanned, first.total, bool(first.cursor)) == (0, 500, 1200, True)
    second = jobs.find(Wanted(match='"n":1100'), "oldest", 10, first.cursor)
    third = jobs.find(Wanted(match='"n":1100'), "oldest", 10, second.cursor)
    assert [id for id, _ in third.jobs] == [1101]
    assert third.cursor is None


def test_broken_jobs_are_listed_and_strays_are_not(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.create("email").save()
    client.hset("q:job:2", "data", "{")
    client.zadd("q:jobs", {"01|2": 0, "01|9": 0, "no zid": 0})
    before = keyspace(client)
    for order in ("newest", "oldest", "next"):
        page = web.get(f"{PATH}?order={order}").json
        assert sorted(job["id"] for job in page["jobs"]) == [1, 2], order
        assert next(job["unreadable"] for job in page["jobs"] if job["id"] == 2)
        assert page["cursor"] is None
    assert keyspace(client) == before


@pytest.mark.parametrize("order", ["next", "newest", "oldest"])
def test_members_that_are_no_jobs_hide_none(web: WebServer, queue: kue.Queue, client: Any, order: str) -> None:
    for job in queue.save_all(queue.create("email") for _ in range(30)):
        job.failed()
    members = [f"junk{n}" for n in range(600)]
    client.zadd("q:jobs:failed", {member: -1 for member in ("", "00", "99|5", "~", b"\xff", *members)})
    found = all_pages(web, 7, order=order, state="failed")
    assert sorted(found) == list(range(1, 31))
    assert web.get(f"{PATH}?order={order}&state=failed&match=x").json["scanned"] == 635


@pytest.mark.parametrize("query", ["order=newest", "order=next", "from=0&order=next", "q=hello"])
def test_large_jobs_make_short_pages(queue: kue.Queue, client: Any, query: str) -> None:
    queue.save_all(queue.create("email", {"text": "x" * 2_000_000}) for _ in range(10))
    client.zadd("q:search:word:HL", {str(id): id for id in range(1, 11)})
    page = ask(kue.web.app(queue, auth=kue.web.open_access), "GET", f"{PATH}?limit=10&{query}").json
    assert (len(page["jobs"]), page["scanned"], page["total"]) == (3, 3, 10)
    assert bool(page["cursor"]) is ("from" not in query)


def test_a_set_with_many_priorities_has_kues_order_only(web: WebServer, queue: kue.Queue) -> None:
    queue.save_all(queue.create("email", priority=n) for n in range(33))
    answer = web.get(f"{PATH}?order=newest")
    assert (answer.status, "32 priorities" in answer.json["detail"]) == (422, True)
    assert len(ids(web, order="next")) == 33


@pytest.mark.parametrize(
    "query",
    [
        *(
            "state=nope",
            "type=",
            "type=py:x",
            "order=desc",
            "limit=0",
            "limit=1001",
            "limit=x",
            "stat=failed",
            "any=true",
        ),
        *("created_from=x", "failed_to=-1", "cursor=x", "cursor=", "cursor=e30", f"match={'x' * 1001}"),
        f"cursor={quote('WyJvbGRlc3QiLCIwMXwxIiwiIl0')}",
        *(f"order=next&cursor={cursor_of(score)}" for score in ("nan", "1_0", " 5", "", "x", "(5")),
    ],
)
def test_a_bad_parameter_is_refused(web: WebServer, queue: kue.Queue, query: str) -> None:
    queue.create("email").save()
    answer = web.get(f"{PATH}?{query}")
    assert (answer.status, answer.type) == (422, "application/problem+json")


def test_texts_are_looked_for_only_by_users_who_may_see_them(queue: kue.Queue, client: Any) -> None:
    """Else whoever may not see data could find it out, letter by letter."""
    queue.create("email", {"pin": 1234}).save()
    app = kue.web.app(queue, auth=lambda request: kue.web.Access("x", ["read"]))
    assert ask(app, "GET", f"{PATH}?match=1234").status == 403
    assert ask(app, "GET", f"{PATH}?message=1234").status == 403
    assert ask(app, "GET", f"{PATH}?alike=1234").status == 403
    assert ask(app, "GET", PATH).json["jobs"][0]["data"] is None
