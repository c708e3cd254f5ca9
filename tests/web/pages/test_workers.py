"""The page of workers in a browser: Python processes, Node processes, what each runs, and those that were lost."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import redis

import kue
from kue.common.clock import now_ms
from tests.browser import Visit, browser
from tests.conftest import absent
from tests.helpers import wait_until
from tests.interop.node import NodeKue, what_is_missing
from tests.web.conftest import Running
from tests.web.pages.looking import HOSTILE, assert_fits, assert_sound, served_to, visiting
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = [pytest.mark.slow, pytest.mark.node]
MINUTE = 60_000


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with browser() as found:
        yield found


class Gate:
    """A handler whose jobs run until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def __call__(self, job: kue.Job) -> None:
        self._open.wait(30)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate(running: Running, queue: kue.Queue) -> Iterator[Gate]:
    """The handler of four slots for email, in a queue of its own."""
    gate = Gate()
    with kue.Queue(redis=running.redis.url) as worker:
        worker.process("email", 4, gate)
        wait_until(lambda: [one.busy for one in queue.processes()] == [0])
        yield gate
        gate.open()


def process(
    client: "redis.Redis", name: str, *, ends: int, types: str = '{"email":2}', key: str = "q:py:workers"
) -> None:
    """A process as it describes itself. Its lease lasts half a minute."""
    client.zadd(key, {name: ends})
    record = {"version": "0.2", "types": types, "busy": 1, "started": ends - 10 * MINUTE, "lease": MINUTE // 2}
    client.hset(f"q:py:worker:{name}", mapping=record)


def row(visit: Visit, text: str) -> "Locator":
    return visit.page.locator("tbody tr", has_text=text)


def test_without_a_worker_the_page_says_so(chromium: "Browser", web: WebServer) -> None:
    with visiting(chromium, web, "/workers") as visit:
        assert "No worker." in visit.page.locator("main").inner_text()
        assert "0 Python processes, 0 of 0 slots busy" in visit.page.locator("main").inner_text()


def test_a_python_process_shows_its_slots_and_what_it_runs_until_that_ends(
    chromium: "Browser", web: WebServer, queue: kue.Queue, gate: Gate
) -> None:
    job = queue.create("email", {"to": "ana"}).save()
    wait_until(lambda: [one.busy for one in queue.processes()] == [1])
    with visiting(chromium, web, "/workers") as visit:
        shown = row(visit, "Python")
        assert shown.locator("[data-label=Runs] a").get_attribute("href") == f"/jobs/{job.id}"
        assert shown.locator("rect.busy").count() == 1 and shown.locator("rect.free").count() == 3
        assert "1/4" in shown.inner_text() and "ago" in shown.locator("[data-label=Seen]").inner_text()
        gate.open()
        shown.get_by_text("nothing now").wait_for()
        shown.get_by_text("0/4").wait_for()


def test_a_node_process_is_seen_by_what_it_runs(chromium: "Browser", running: Running, web: WebServer) -> None:
    missing = what_is_missing()
    if missing:
        absent(missing)
    with NodeKue(running.redis.url) as node:
        id = node.hold("thumbnail")
        with visiting(chromium, web, "/workers") as visit:
            shown = row(visit, "by what it runs")
            assert shown.locator("[data-label=Runs] a").inner_text() == str(id)
            assert "1 Node process" in visit.page.locator("main").inner_text()
            assert "as far as its jobs show" in shown.inner_text()


def test_a_lost_process_is_shown_for_an_hour(chromium: "Browser", web: WebServer, client: "redis.Redis") -> None:
    process(client, "kue:gone:77-0123456789", ends=now_ms() - 2 * MINUTE)
    process(client, "kue:older:78-0123456789", ends=now_ms() - 5 * MINUTE, key="q:py:workers:lost")
    process(client, "kue:forgotten:79-0123456789", ends=now_ms() - 61 * MINUTE, key="q:py:workers:lost")
    with visiting(chromium, web, "/workers") as visit:
        card = visit.page.locator("section", has_text="Lost in the last hour")
        names = card.locator("strong").all_inner_texts()
        assert names == ["older · 78", "gone · 77"]
        assert "2 m 0" in card.locator("tr", has_text="gone").inner_text()


def test_many_slots_are_a_bar_and_many_jobs_a_link(
    chromium: "Browser", web: WebServer, queue: kue.Queue, client: "redis.Redis"
) -> None:
    name = "kue:big:80-0123456789"
    process(client, name, ends=now_ms() + MINUTE, types='{"email":40}')
    for job in queue.save_all(queue.create("email", {}) for _ in range(12)):
        job.active()
        client.hset(f"q:job:{job.id}", "workerId", f"{name}:email:{job.id}")
    with visiting(chromium, web, "/workers") as visit:
        shown = row(visit, "big · 80")
        assert shown.locator("svg.bar").count() == 1
        more = shown.get_by_role("link", name="2 more")
        assert more.get_attribute("href") == f"/active?worker={name.replace(':', '%3A')}"


def test_the_page_fits_and_is_accessible_whatever_workers_say_of_themselves(
    chromium: "Browser", web: WebServer, queue: kue.Queue, client: "redis.Redis"
) -> None:
    process(
        client, f"kue:<script>{'h' * 200}:81-0123456789", ends=now_ms() + MINUTE, types='{"</td><b>":3,"\\ud800":1}'
    )
    process(client, "no worker id", ends=now_ms() + MINUTE, types="no json")
    process(client, "kue:lost:82-0123456789", ends=now_ms() - MINUTE)
    client.hset("q:py:worker:kue:lost:82-0123456789", mapping={"version": HOSTILE, "started": "x", "busy": "-1"})
    for worker in ("kue:node-1:5:email:1", HOSTILE, ""):
        job = queue.create(HOSTILE, {}).save()
        job.active()
        client.hset(f"q:job:{job.id}", mapping={"workerId": worker, "started_at": "soon"})
    assert_sound(chromium, web, "/workers")
    with visiting(chromium, web, "/workers", viewport={"width": 730, "height": 900}) as visit:
        assert_fits(visit)
    with visiting(chromium, web, "/workers") as visit:
        assert "</td><b>" in visit.page.locator("main").inner_text()
        others = visit.page.locator("section", has_text="Active without a known worker")
        assert others.locator("li").count() == 2


def test_keys_of_another_kind_are_said_to_be_unreadable(
    chromium: "Browser", web: WebServer, client: "redis.Redis"
) -> None:
    client.set("q:py:workers", "x")
    client.set("q:jobs:active", "x")
    with visiting(chromium, web, "/workers") as visit:
        assert "The Python processes cannot be read" in visit.page.locator("main").inner_text()


def test_the_page_needs_only_the_permission_to_read(queue: kue.Queue, gate: Gate) -> None:
    with served_to(queue, "read") as web:
        assert web.get("/workers").status == 200
    with served_to(queue, "create") as web:
        assert web.get("/workers").status == 403
