"""A Redis user with few rights counts the jobs of Node: those of the role that the page names."""

from typing import Any

from tests.integration.test_limited_users import refused, server, url
from tests.observer.observers import NodeWorker, completed, observing
from tests.servers import RedisServer

__all__ = ["refused", "server"]  # fixtures


def test_a_producer_counts_the_jobs_of_node(server: RedisServer, refused: Any) -> None:
    problems: list[BaseException] = []
    with server.client() as client:
        with observing(url(server, "kue-producer"), problems):
            NodeWorker(client).run(1, 2)
        assert completed(client) == 2
    assert (problems, refused()) == ([], set())
