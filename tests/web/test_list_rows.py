"""The rows of a list: titles, what is cut, and how much is read of large values."""

from collections.abc import Sequence
from typing import Any

import pytest

import kue
import kue.web
from kue.common import strict_json
from kue.connection.connection import Command
from kue.web.read_model.list_rows import MAX_BYTES, MAX_VALUE, list_rows
from kue.web.site import Site

LONG = "x" * 300


@pytest.fixture
def site(queue: kue.Queue) -> Site:
    return kue.web.app(queue, auth=kue.web.open_access).site


def rows(site: Site, *ids: int, with_data: bool = True) -> list[Any]:
    return list(list_rows(site, ids, with_data=with_data, with_results=True))


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({"title": "Welcome, Ana", "to": "ana"}, "Welcome, Ana"),
        ({"title": " ", "n": 1}, '{"title":" ","n":1}'),
        ({"title": 7}, '{"title":7}'),
        ({"password": "x", "b": [1, None]}, '{"password":"hidden","b":[1,null]}'),
        ({"title": LONG}, LONG[:200] + "…"),
        ([1, 2], "[1,2]"),
        ("text", "text"),
        (None, "{}"),
    ],
)
def test_the_title_is_that_of_the_data_or_the_data_in_one_line(
    site: Site, queue: kue.Queue, data: Any, title: str
) -> None:
    queue.create("email", data).save()
    assert rows(site, 1)[0]["title"] == title
    assert rows(site, 1, with_data=False)[0]["title"] is None


def test_errors_and_results_are_one_line_and_jobs_that_are_gone_are_left_out(
    site: Site, queue: kue.Queue, client: Any
) -> None:
    queue.create("email").save().error("refused by \n at x").failed()
    client.hset("q:job:1", "result", '{"a": [1]}')
    [row] = rows(site, 1, 2)
    assert (row["id"], row["error"], row["result"], row["sizes"]) == (1, "refused by ", '{"a":[1]}', {})
    [row] = rows(site, 1, with_data=False)
    assert (row["error"], row["result"]) == (None, None)


def test_data_that_is_no_json_has_no_title_and_a_key_of_another_kind_says_so(
    site: Site, queue: kue.Queue, client: Any
) -> None:
    queue.create("email").save()
    client.hset("q:job:1", "data", "no JSON")
    client.lpush("q:job:2", "x")
    first, second = rows(site, 1, 2)
    assert first["title"] is None
    assert first["unreadable"][0].startswith("its data is not JSON")
    assert second["unreadable"][0].startswith("its key is no hash")


def test_of_large_values_only_the_size_is_read(
    site: Site, queue: kue.Queue, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = strict_json.dumps("x" * (MAX_VALUE - 2))
    for size in (MAX_VALUE - 2, MAX_VALUE - 1, *[MAX_VALUE - 2] * 9):
        queue.create("email", "x" * size).save()
    read = 0

    def ask(commands: Sequence[Command]) -> list[Any]:
        nonlocal read
        replies = site.store.connections.run(commands)
        read += len(repr(replies))
        return list(replies)

    monkeypatch.setattr(site.store, "ask", ask)
    found = rows(site, *range(1, 12))
    shown = [row["id"] for row in found if "data" not in row["sizes"]]
    assert 2 not in shown
    assert found[1]["sizes"] == {"data": MAX_VALUE + 1}
    assert len(shown) == MAX_BYTES // len(some)
    assert read < MAX_BYTES + 50_000


def test_a_view_of_a_row_is_as_the_api_has_it(site: Site, queue: kue.Queue) -> None:
    queue.create("email", {"a": 1}).priority("high").save()
    [row] = rows(site, 1)
    assert (row["type"], row["state"], row["priority"], row["attempts"]) == (
        "email",
        "inactive",
        -10,
        {"made": 0, "max": 1},
    )
