"""Large lists are read and sent in pieces, so that neither memory nor time grows with them."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import StreamingResponse

import kue
from kue.store.batch_size import MAX_BYTES, BatchSize
from kue.store.pages import Pages
from kue.web.answers import json_list
from tests.web.server import WebServer


def test_a_list_is_sent_while_its_items_are_made() -> None:
    made: list[int] = []

    def items() -> Iterator[str]:
        for n in range(100):
            made.append(n)
            yield str(n) * 1_000_000

    assert isinstance(json_list(items()), StreamingResponse)
    assert made == [0]


def test_large_values_are_read_a_few_at_a_time() -> None:
    batch = BatchSize(20, 500)
    counts = []
    for size in (300, 300, 1_000_000, 1_000_000, 50_000_000, 300):
        counts.append(batch.count)
        batch.came(batch.count, batch.count * size)
    assert counts == [20, 500, 500, MAX_BYTES // 1_000_000, MAX_BYTES // 1_000_000, 1]


def test_jobs_are_read_by_their_size(queue: kue.Queue, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kue.store.batch_size.MAX_BYTES", 4000)
    queue.save_all(queue.create("email") for _ in range(40))
    client.hset("q:job:3", "data", "x" * 60_000)
    batches = Pages(queue.runtime.store).batches(range(1, 41), ("type", "data"))
    assert [len(batch) for batch in batches] == [4, 1, 35]


@pytest.mark.parametrize("count", [0, 1, 20, 5019, 5020, 5021])
def test_a_log_comes_whole(web: WebServer, client: Any, count: int) -> None:
    lines = [f"line {n}" for n in range(count)]
    if lines:
        client.rpush("q:job:1:log", *lines)
    assert web.get("/job/1/log").json == lines


@pytest.mark.parametrize("order", ["", "/desc"])
def test_a_range_of_large_jobs_comes_whole(web: WebServer, queue: kue.Queue, order: str) -> None:
    queue.save_all(queue.create("email", {"n": n, "x": "x" * 50_000}) for n in range(60))
    found = [job["data"]["n"] for job in web.get(f"/jobs/0..-1{order}").json]
    assert found == sorted(range(60), reverse=bool(order))
