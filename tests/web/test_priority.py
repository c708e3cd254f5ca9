"""A change of priority, over both APIs, of a job in the full-text index."""

from collections.abc import Iterator
from typing import Any

import pytest

import kue
import kue.web
from tests.helpers import keyspace
from tests.web.asgi import ask

WAYS = [("POST", "/api/v1/jobs/1/priority", {"priority": 5}), ("PUT", "/job/1/priority/5", None)]


@pytest.fixture
def indexing(running: Any, client: Any) -> Iterator[kue.Queue]:
    with kue.Queue(redis=running.redis.url, disable_search=False) as queue:
        yield queue


@pytest.mark.parametrize("is_stored", [True, False], ids=["stored", "not stored, as by Node"])
@pytest.mark.parametrize(("method", "path", "body"), WAYS, ids=["/api/v1", "Kue"])
def test_what_search_keys_kept_out_of_the_index_stays_out(
    indexing: kue.Queue, client: Any, method: str, path: str, body: Any, is_stored: bool
) -> None:
    indexing.create("email", {"to": "ada", "card": "secret"}, search_keys=["to"]).save()
    if not is_stored:
        client.hdel("q:job:1", "py_search_keys")
    before = keyspace(client)
    answer = ask(kue.web.app(indexing, auth=kue.web.open_access), method, path, json=body)
    after = keyspace(client)
    assert (answer.status, after["q:job:1"]["priority"]) == (200, "5")
    for key in before:
        if ":search:" in key:
            assert after[key] == before[key]
    assert after["q:job:1"].get("py_search_keys") == before["q:job:1"].get("py_search_keys")
    assert (indexing.search("ada"), indexing.search("secret")) == ([1], [])
