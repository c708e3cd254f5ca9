"""A process dies in the middle of a save whose job has more words than one script writes."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from kue.doctor import examine, repair
from kue.search.index import index_text
from tests.crash.conftest import Watched, call_of
from tests.crash.process import ROOT
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.processes import end, tied
from tests.servers import RedisServer

TEXT = " ".join(f"word{n}" for n in range(7000))
CODES = index_text(TEXT)
SAVE = f"""
import kue, sys
queue = kue.Queue(redis=sys.argv[1], disable_search=False)
queue.create("book", {{"title": "A secret", "text": {TEXT!r}}}).search_keys("text").save()
"""
OBJECT = "q:search:object:1"


def repaired(queue: Watched) -> None:
    report = examine(queue, grace=0)
    assert [str(found) for found in report.findings] == [
        "job 1 (book) is not in the full-text index with all of its words"
    ]
    repair(queue, report, grace=0)


def removed(queue: Watched) -> None:
    queue.remove_by_id(1)
    assert queue.reindex() == 0


@pytest.mark.parametrize(
    ("act", "codes"),
    [(repaired, CODES), (lambda queue: queue.reindex(), CODES), (removed, {})],
    ids=["the doctor", "reindex", "removed, and reindex"],
)
def test_the_words_of_a_save_that_was_killed_are_found_and_written(
    server: RedisServer,
    proxy: Proxy,
    make_queue: Callable[..., Watched],
    act: Callable[[Watched], Any],
    codes: dict[str, int],
) -> None:
    assert len(CODES) > 5000
    held = proxy.delay_request(call_of("index_words"))
    child = subprocess.Popen(tied([sys.executable, "-c", SAVE, proxy.url]), cwd=ROOT)
    try:
        wait_until(held.is_set, 30)
        child.kill()
    finally:
        end(child)
    queue = make_queue(server.url)
    with server.client() as client:
        assert client.zcard(OBJECT) == 1000
        act(queue)
        stored = client.zrange(OBJECT, 0, -1, withscores=True)
        assert {code.decode(): score for code, score in stored} == codes
        assert len(client.keys("q:search:word:*")) == len(codes)
    assert examine(queue, grace=0).is_clean
