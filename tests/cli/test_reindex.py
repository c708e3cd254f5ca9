"""`kue reindex` builds the index of a prefix anew, and says how many jobs there are."""

from typing import Any

from typer.testing import CliRunner

import kue
from kue.cli.app import app
from tests.servers import free_port


def run(*words: str) -> tuple[int, str]:
    """The exit code, and what was printed."""
    result = CliRunner().invoke(app, ["reindex", *words])
    return result.exit_code, result.output


def test_jobs_that_were_saved_without_search_are_found_afterwards(redis_url: str, client: Any) -> None:
    with kue.Queue(redis=redis_url, prefix="shop") as queue:
        queue.save_all(queue.create("order", {"item": item}) for item in ("lamp", "tea"))
        client.zadd("shop:search:word:HL", {"99": 1})
        assert run("--redis", redis_url, "--prefix", "shop") == (0, "2 jobs under shop: indexed anew\n")
        assert queue.search("tea") == [2]
        assert not client.exists("shop:search:word:HL")


def test_a_redis_that_is_away_is_an_error() -> None:
    code, output = run("--redis", f"redis://127.0.0.1:{free_port()}")
    assert code == 2
    assert "cannot reach Redis" in output
