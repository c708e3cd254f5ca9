"""`GET /api/v1/jobs?q=`: full-text search through the index, with the filters of a list."""

import base64
import itertools
import json
import random
from typing import Any
from urllib.parse import urlencode

import pytest

import kue
import kue.web
from kue.search.index import query_codes
from kue.store.search import SearchIndex
from kue.web.read_model.job_list import JobList, Wanted
from kue.web.read_model.job_search import JobSearch
from tests.helpers import keyspace
from tests.web.asgi import ask
from tests.web.server import WebServer

PATH = "/api/v1/jobs"


def index(client: Any, word: str, scores: dict[str, int]) -> None:
    [code] = query_codes(word)
    client.zadd(f"q:search:word:{code}", scores)


def fill(queue: kue.Queue, client: Any, count: int = 60) -> dict[str, int]:
    """Jobs that have the word hello, each so many times; every second one has failed, every third is no email."""
    chance = random.Random(count)
    scores = {}
    for n in range(1, count + 1):
        job = queue.create("email" if n % 3 else "a/b", {"n": n}).save()
        if n % 2:
            job.failed()
        scores[str(job.id)] = chance.randint(1, 5)
    index(client, "hello", scores)
    return scores


def best_first(scores: dict[str, int]) -> list[int]:
    return [int(id) for id in sorted(scores, key=lambda id: (scores[id], id), reverse=True)]


def page(web: WebServer, **query: Any) -> Any:
    answer = web.get(f"{PATH}?{urlencode(query)}")
    assert answer.status == 200, answer.body
    return answer.json


def ids(web: WebServer, **query: Any) -> list[int]:
    return [job["id"] for job in page(web, **query)["jobs"]]


def all_pages(web: WebServer, **query: Any) -> list[int]:
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        answer = page(web, **query, **cursor)
        found += [job["id"] for job in answer["jobs"]]
        if answer["cursor"] is None:
            return found
        cursor = {"cursor": answer["cursor"]}


@pytest.mark.parametrize("limit", [1, 7, 60, 100])
def test_page_after_page_gives_every_job_once_the_best_first(
    web: WebServer, queue: kue.Queue, client: Any, limit: int
) -> None:
    scores = fill(queue, client)
    found = best_first(scores)
    assert all_pages(web, q="Hello", limit=limit) == found
    assert all_pages(web, q="hello", limit=limit, state="failed") == [id for id in found if id % 2]
    assert all_pages(web, q="hello", limit=limit, state="failed", type="a/b", match='"n":3') == [
        id for id in found if id in (3, 33, 39)
    ]
    assert page(web, q="hello", state="failed", limit=limit)["total"] == 60


def test_all_words_count_or_any(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue, client, 4)
    index(client, "hello", {"1": 1, "2": 2, "3": 1})
    index(client, "world", {"2": 1, "4": 5})
    client.zrem("q:search:word:HL", "4")
    assert ids(web, q="hello world") == ids(web, q="hello world", any="false", order="best") == [2]
    assert ids(web, q="hello the world", any="true") == [4, 2, 3, 1]
    assert ids(web, q="hello nobody") == []
    assert page(web, q="the") == {"jobs": [], "total": 0, "scanned": 0, "cursor": None}
    assert ids(web, q="") == [4, 3, 2, 1]  # as if it were not given


def test_what_is_no_job_is_passed_over(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue, client, 3)
    index(client, "hello", {"1": 9, "99": 8, "no id": 7, "01": 6, "2": 5, "3": 4})
    client.hset("q:job:2", "data", "{")
    client.delete("q:job:1")
    before = keyspace(client)
    answer = page(web, q="hello", limit=5)
    assert [(job["id"], bool(job["unreadable"])) for job in answer["jobs"]] == [(2, True)]
    assert (answer["total"], answer["scanned"]) == (6, 5)
    assert ids(web, q="hello", cursor=answer["cursor"]) == [3]
    assert keyspace(client) == before


def test_a_request_reads_for_so_long_and_then_says_where_to_go_on(queue: kue.Queue, client: Any) -> None:
    queue.save_all(queue.create("email", {"n": n}) for n in range(1200))
    index(client, "hello", {str(id): id for id in range(1, 1201)})
    pages = kue.web.app(queue, auth=kue.web.open_access).site.pages
    ticks = itertools.count()  # each look at the clock takes three quarters of a second
    jobs = JobList(pages, clock=lambda: next(ticks) * 0.75)
    search = JobSearch(jobs, SearchIndex(queue.runtime.store))
    scanned, found, cursor = [], list[int](), None
    while not found:
        page = search.find(Wanted(match='"n":300}'), ["HL"], any=False, limit=10, cursor=cursor)
        assert page.total == 1200
        scanned.append(page.scanned)
        found, cursor = [id for id, _ in page.jobs], page.cursor
    assert found == [301] and len(scanned) > 1
    assert 900 <= sum(scanned) <= 1200, "no job is read twice"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("q=x&order=newest", "order must be one of best"),
        ("order=best", "order must be one of next, newest, oldest"),
        ("q=x&any=1", "any must be one of true, false"),
        ("q=x&from=5", "from does not go with q"),
        ("q=x&cursor=x", "the cursor is none of the order best"),
        ("q=x&cursor=WyJvbGRlc3QiLCIwMXwxIiwiIl0", "the cursor is none of the order best"),
        ("q=x&limit=0", "limit must be from 1 to 1000"),
        (f"q={'x' * 1001}", "q must have at most 1000 characters, not 1001"),
        (
            "q=" + "+".join(f"{a}o{b}o" for a in "bfklm" for b in "bfkl"),
            "q must have at most 16 different words, not 20",
        ),
    ],
)
def test_a_bad_parameter_is_refused(web: WebServer, query: str, detail: str) -> None:
    answer = web.get(f"{PATH}?{query}")
    assert (answer.status, answer.type, answer.json["detail"][: len(detail)]) == (
        422,
        "application/problem+json",
        detail,
    )


def test_a_cursor_far_behind_the_end_finds_nothing(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue, client, 3)
    far = base64.urlsafe_b64encode(json.dumps(["best", str(10**32), ""]).encode()).decode().rstrip("=")
    answer = page(web, q="hello", cursor=far)
    assert (answer["jobs"], answer["total"], answer["cursor"]) == ([], 3, None)


def test_a_key_of_the_wrong_kind_is_named(web: WebServer, client: Any) -> None:
    client.set("q:search:word:HL", "x")
    answer = web.get(f"{PATH}?q=hello")
    assert (answer.status, answer.json["detail"].endswith("wrong kind of value: q:search:word:HL")) == (409, True)


def test_only_users_who_may_see_data_can_search(queue: kue.Queue, client: Any) -> None:
    """Else whoever may not see data could find it out, word by word."""
    app = kue.web.app(queue, auth=lambda request: kue.web.Access("x", ["read"]))
    assert ask(app, "GET", f"{PATH}?q=1234").status == 403
