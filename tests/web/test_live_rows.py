"""What the live stream reads of the jobs of a list, which it reads again and again."""

from collections.abc import Sequence
from typing import Any

import pytest

import kue
import kue.web
from kue.connection.connection import Command
from kue.web.live.sources import Followed
from kue.web.live.topics import read_topics
from kue.web.read_model.reading import read_together

LONG = 50_000


@pytest.mark.parametrize("topic", ["rows:failed", "jobs:1.2.3.9"])
def test_a_long_error_is_read_again_only_if_the_job_changed(queue: kue.Queue, client: Any, topic: str) -> None:
    site = kue.web.app(queue, auth=kue.web.open_access).site
    source = Followed(site, read_topics(topic)[topic], True).source()
    for _ in range(3):
        queue.create("email").save().error("x" * LONG).failed()

    def rows() -> tuple[dict[str, Any], int]:
        """The rows by id, and how many long errors were read for them."""
        read: list[str] = []

        def ask(commands: Sequence[Command]) -> list[Any]:
            replies = site.store.ask(commands)
            read.extend(map(repr, replies))
            return replies

        found = read_together(ask, {"": source.read()}, lambda key, problem: pytest.fail(str(problem)))[""]
        return {id: row and row["error"] for id, row in found.items() if id.isdigit()}, len("".join(read)) // LONG

    others = {"9": None} if topic.startswith("jobs") else {}
    assert rows() == ({id: "x" * 300 for id in "123"} | others, 3)
    assert rows() == ({id: "x" * 300 for id in "123"} | others, 0)
    client.hset("q:job:2", "error", "y" * (LONG + 1))
    assert rows() == ({"1": "x" * 300, "2": "y" * 300, "3": "x" * 300} | others, 1)
    assert rows() == ({"1": "x" * 300, "2": "y" * 300, "3": "x" * 300} | others, 0)
    client.hset("q:job:2", "failed_at", 1)
    assert rows()[1] == 1
