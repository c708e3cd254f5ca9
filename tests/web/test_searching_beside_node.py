"""Kue's route for full-text search: real Kue indexes jobs, and we answer as its app does."""

import random
from typing import Any
from urllib.parse import quote_plus

import pytest

import kue
import kue.web
from kue.web.site import Limits
from tests.helpers import keyspace, wait_until
from tests.unit.search_words import KNOWN_WORDS
from tests.web.asgi import ask
from tests.web.conftest import Both
from tests.web.server import WebServer

pytestmark = pytest.mark.node
PATH = "/job/search"
TEXTS = ("hello world", "hello", "Hello hello", "yy", "undefined", "object undefined", "null", "night", "knights' nite")
ODD = (
    *("", "?", "?q", "?q=", "?q=the+and", "?q=The", "?Q=hello", "?%71=hello", "?&q=hello", "?q=hello&&q=&=3", "?x=1"),
    *("?q=hello&q=world", "?q[]=hello", "?q%5B%5D=hello&q%5b%5d=world", "?q[0]=hello&q[1]=world", "?q[25]=hello"),
    *("?[q]=hello", "?q]=hello", "?q[][]=hello", "?q.a=hello", "?q=a=hello", "?x[]=1&q=hello&x=2", "?q[999]=hello"),
    *("?q=%zz+hello", "?q=hello%20%zz", "?q=%E9", "?q=%C3%A9+hello", "?q=hello%00", "?q=hello,world", "?q=%2Bhello"),
    *("?q=constructor", "?q=__proto__", "?q=night", "?q=NIGHT", "?q=yy", "?q=yy+hello", "?q=undefined", "?q=no+such"),
    *("/?q=hello", "/log?q=hello", "/x/y", f"?{'a&' * 1000}q=hello", f"?{'a&' * 999}q=hello"),
)
ACCEPTS = ("application/json", "text/html", "*/*", "application/json;q=0")


@pytest.fixture(scope="module")
def words() -> list[str]:
    return [*random.Random(4).sample(KNOWN_WORDS, 40), "knight", "night", "hello", "the", "10", "x_y"]


@pytest.fixture(scope="module")
def indexed(both: Both, words: list[str]) -> Both:
    chance = random.Random(5)
    many = [*TEXTS, *(" ".join(chance.choices(words, k=chance.randint(1, 20))) for _ in range(190))]
    jobs = both.node.post("/job", [{"type": "email", "data": {"t": text}} for text in many]).json
    wait_until(lambda: both.redis.exists(f"q:search:object:{jobs[-1]['id']}"))
    both.redis.zadd("q:search:word:STRN", {"no id": 3, "9007199254740993": 4, "": 1, "ü": 2})
    return both


def outcome(answer: Any) -> tuple[Any, ...]:
    return (answer.status,) if answer.status == 404 else (answer.status, answer.type, answer.body)


def test_node_and_we_find_the_same(indexed: Both, words: list[str]) -> None:
    chance = random.Random(6)
    queries = [" ".join(chance.choices(words, k=chance.randint(1, 3))) for _ in range(100)]
    paths = [f"{PATH}{odd}" for odd in ODD] + [f"{PATH}?q={quote_plus(query)}" for query in [*queries, "stern"]]
    before = keyspace(indexed.redis)
    different, found = [], 0
    for path in paths:
        node, ours = outcome(indexed.node.get(path)), outcome(indexed.ours.get(path))
        found += node[-1] not in (b"[]", 404)
        if node != ours:
            different += [path[:80], f"node: {node}", f"ours: {ours}"]
    assert different == []
    assert found > 60
    assert keyspace(indexed.redis) == before


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "DELETE"])
def test_other_methods_are_answered_alike(indexed: Both, method: str) -> None:
    node, ours = (side.ask(method, f"{PATH}?q=hello") for side in (indexed.node, indexed.ours))
    assert outcome(node) == outcome(ours)
    assert node.headers.get("allow") == ours.headers.get("allow")


@pytest.mark.parametrize("accept", ACCEPTS)
def test_the_header_accept_counts_alike(indexed: Both, accept: str) -> None:
    node, ours = (outcome(side.get(f"{PATH}?q=hello", ("Accept", accept))) for side in (indexed.node, indexed.ours))
    assert node == ours


@pytest.mark.parametrize(
    "query", ["q[a]=hello", "q[toString]=1", "q[]=hello&q[][a]=x", "q[=hello", "q[1001]=x", "[q][a]=x"]
)
def test_an_object_is_refused(web: WebServer, query: str) -> None:
    """Node looks for the word `object` then, or answers 500."""
    answer = web.get(f"{PATH}?{query}")
    assert (answer.status, answer.json["error"][:31]) == (400, "q must be text, not an object: ")


def test_a_long_query_is_refused(web: WebServer) -> None:
    words = [f"{first}o{second}o" for first in "bfklm" for second in "bfkl"]
    for query in ("+".join(words[:16]), "+".join(words[:16] * 8), "+".join([*words[:16], "the", "and"]), "x" * 1000):
        assert (web.get(f"{PATH}?q={query}").status, web.get(f"{PATH}?q={query}").json) == (200, []), query
    for query, problem in (
        ("+".join(words[:17]), "q must have at most 16 different words, not 17"),
        ("x" * 1001, "q must have at most 1000 characters, not 1001"),
    ):
        answer = web.get(f"{PATH}?q={query}")
        assert (answer.status, answer.json) == (400, {"error": problem})


def test_a_key_of_the_wrong_kind_is_named(web: WebServer, client: Any) -> None:
    client.set("q:search:word:HL", "x")
    answer = web.get(f"{PATH}?q=hello")
    assert (answer.status, list(answer.json)) == (200, ["error"])
    assert answer.json["error"].endswith("wrong kind of value: q:search:word:HL")


def test_a_long_answer_is_cut_and_says_so(queue: kue.Queue, client: Any) -> None:
    client.zadd("q:search:word:HL", {str(id): id for id in range(1, 10)})
    app = kue.web.app(queue, auth=kue.web.open_access, limits=Limits(jobs_per_answer=4))
    answer = ask(app, "GET", f"{PATH}?q=hello")
    assert (answer.json, answer.headers["x-kue-truncated"]) == (["9", "8", "7", "6"], "true")
    whole = ask(kue.web.app(queue, auth=kue.web.open_access), "GET", f"{PATH}?q=hello")
    assert (len(whole.json), "x-kue-truncated" in whole.headers) == (9, False)


def test_only_users_who_may_see_data_can_search(queue: kue.Queue, client: Any) -> None:
    """Else whoever may not see data could find it out, word by word."""
    app = kue.web.app(queue, auth=lambda request: kue.web.Access("x", ["read"]))
    assert ask(app, "GET", f"{PATH}?q=1234").status == 403
