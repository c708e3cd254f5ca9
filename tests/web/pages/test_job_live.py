"""The page of a job follows the job while real workers run it: progress, log, failure, retry, and removal."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
import redis

import kue
from tests.conftest import absent
from tests.helpers import wait_until
from tests.interop.node import NodeKue, what_is_missing
from tests.web.conftest import Running
from tests.web.pages.looking import visiting
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.node]
MANY_LINES = 50_000


class Puppet:
    """A Python worker that does what the test tells its handler."""

    def __init__(self, queue: kue.Queue) -> None:
        self.orders: SimpleQueue[Any] = SimpleQueue()
        queue.process("email")(self._handle)

    def _handle(self, job: kue.Job) -> Any:
        for order in iter(self.orders.get, None):
            order(job)
        return {"sent": True}

    def tell(self, *orders: Any) -> None:
        """Have the handler call these with the job. None ends it."""
        for order in orders:
            self.orders.put(order)


@contextmanager
def working(running: Running) -> Iterator[Puppet]:
    with kue.Queue(redis=running.redis.url) as queue:
        puppet = Puppet(queue)
        try:
            yield puppet
        finally:
            puppet.tell(None, None, None)


def fail(job: kue.Job) -> None:
    raise ConnectionError("refused by mx1")


def state(page: "Page", word: str) -> None:
    page.locator(".about .pill", has_text=word).wait_for()


def test_a_job_is_followed_through_failure_and_retry_to_its_end(
    chromium: "Browser", web: WebServer, running: Running, queue: kue.Queue
) -> None:
    queue.create("email", {"title": "To ana"}, attempts=2).save()
    with visiting(chromium, web, "/jobs/1") as visit, working(running) as puppet:
        page = visit.page
        state(page, "Active")
        puppet.tell(lambda job: job.progress(10, 100, {"sent": 10}), lambda job: job.log("<b>ten</b> \u202e"))
        page.locator("[data-role=percent]", has_text="10%").wait_for()
        page.locator("[data-role=progress-data]", has_text='{"sent":10}').wait_for()
        page.locator(".lines li", has_text="<b>ten</b> ⟨U+202E⟩").wait_for()
        for progress in (20, 30):
            puppet.tell(lambda job, progress=progress: job.progress(progress, 100))
            page.locator("[data-role=percent]", has_text=f"{progress}%").wait_for()
        page.locator("[data-role=left]", has_text="about").wait_for()
        puppet.tell(fail)
        page.locator(".runs tbody tr", has_text="Failed").wait_for()
        page.locator(".stack strong", has_text="ConnectionError: refused by mx1").wait_for()
        page.locator(".runs tbody tr", has_text="Running").wait_for()
        puppet.tell(None)
        state(page, "Complete")
        assert '"sent": true' in page.get_by_label("Result", exact=True).inner_text()
        assert page.locator(".runs tbody tr .outcome").all_inner_texts() == ["Complete", "Failed"]
        page.get_by_role("button", name="Run again").wait_for()


def test_a_cancelled_job_fails_once_its_handler_has_ended(
    chromium: "Browser", web: WebServer, running: Running, queue: kue.Queue
) -> None:
    queue.create("email").save()
    with visiting(chromium, web, "/jobs/1") as visit, working(running) as puppet:
        page = visit.page
        state(page, "Active")
        page.keyboard.press("c")
        dialog = page.get_by_role("dialog", name="Cancel job 1?")
        assert "Its handler is told to end." in dialog.inner_text()
        assert dialog.get_by_role("button").all_inner_texts() == ["Go back", "Cancel"]
        dialog.get_by_role("button", name="Cancel").click()
        page.locator(".toast", has_text="Job 1 is cancelled, or its handler was told to end.").wait_for()

        def stop(job: kue.Job) -> None:
            wait_until(lambda: job.cancelled)
            raise kue.Cancelled

        puppet.tell(stop)
        state(page, "Failed")
        page.locator(".runs tbody tr", has_text="Cancelled").wait_for()


def test_a_job_of_a_node_worker_is_followed_and_its_earlier_runs_are_said_to_be_missing(
    chromium: "Browser", web: WebServer, running: Running, queue: kue.Queue
) -> None:
    missing = what_is_missing()
    if missing:
        absent(missing)
    queue.create("node", {"to": "ana"}, attempts=2).save()
    with visiting(chromium, web, "/jobs/1") as visit, NodeKue(running.redis.url) as node:
        node.process("node", behaviour="flaky")
        state(visit.page, "Complete")
        assert visit.page.locator(".runs tbody tr").count() == 1
        assert "Earlier runs were not recorded." in visit.page.get_by_label("Runs", exact=True).inner_text()
        assert "kue:" in visit.page.get_by_label("Details").inner_text()


def test_a_job_that_is_removed_while_one_looks_stays_in_grey(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    job = queue.create("email", {"title": "To ana"}).save()
    with visiting(chromium, web, "/jobs/1") as visit:
        visit.page.locator("[data-role=live]", has_text="Live").wait_for()
        job.remove()
        visit.page.locator("[data-role=gone]", has_text="The job was removed at").wait_for()
        assert visit.page.locator("h1").inner_text() == "#1 To ana"
        assert not visit.page.locator(".actions").is_visible()
        visit.page.keyboard.press("#")
        assert visit.page.get_by_role("dialog").count() == 0


@pytest.fixture
def long_log(queue: kue.Queue, client: "redis.Redis") -> "redis.Redis":
    queue.create("email").save()
    client.rpush("q:job:1:log", *(f"line {n}" for n in range(1, MANY_LINES + 1)))
    return client


def test_of_a_long_log_the_end_is_shown_and_earlier_lines_on_demand(
    chromium: "Browser", web: WebServer, long_log: object
) -> None:
    with visiting(chromium, web, "/jobs/1") as visit:
        page, lines = visit.page, visit.page.locator(".lines li")
        assert (lines.count(), lines.first.inner_text(), lines.last.inner_text()) == (500, "line 49501", "line 50000")
        earlier = page.locator("[data-role=earlier] a")
        assert earlier.inner_text() == "49,500 earlier lines, show 500"
        page.locator(".lines").evaluate("it => { it.scrollTop = 0; }")
        earlier.click()
        page.locator(".lines li", has_text="line 49001").wait_for()
        assert (lines.count(), page.locator(".lines ol").get_attribute("start")) == (1000, "49001")
        assert earlier.inner_text() == "49,000 earlier lines, show 500"


def test_without_a_script_a_long_log_is_read_page_by_page(
    chromium: "Browser", web: WebServer, long_log: object
) -> None:
    with visiting(chromium, web, "/jobs/1?log=600", java_script_enabled=False) as visit:
        lines = visit.page.locator(".lines li")
        assert (lines.count(), lines.first.inner_text()) == (500, "line 601")
        visit.page.locator("[data-role=earlier] a").click()
        assert (lines.count(), lines.first.inner_text()) == (500, "line 101")
        visit.page.locator("[data-role=later] a").first.click()
        assert lines.first.inner_text() == "line 601"
        visit.page.get_by_role("link", name="show the end").click()
        assert lines.last.inner_text() == "line 50000"
    whole = web.get("/jobs/1/log").body.split(b"\n")
    assert (len(whole), whole[0], whole[-2]) == (MANY_LINES + 1, b"line 1", b"line 50000")


def test_the_log_follows_its_end_unless_the_reader_has_scrolled_up(
    chromium: "Browser", web: WebServer, long_log: "redis.Redis", queue: kue.Queue
) -> None:
    job = queue.get(1)
    at_end = "it => it.scrollHeight - it.scrollTop - it.clientHeight < 2"
    with visiting(chromium, web, "/jobs/1") as visit:
        page, box = visit.page, visit.page.locator(".lines")
        job.log("one more")
        page.locator(".lines li", has_text="one more").wait_for()
        assert box.evaluate(at_end)
        box.evaluate("it => { it.scrollTop = 100; }")
        page.get_by_role("button", name="Follow", exact=True).wait_for()
        job.log("and another")
        page.get_by_role("button", name="1 new line").wait_for()
        assert box.evaluate("it => it.scrollTop") == 100
        page.get_by_role("button", name="1 new line").click()
        page.get_by_role("button", name="Following").wait_for()
        assert box.evaluate(at_end)
        assert page.locator("[data-role=total]").inner_text() == "50,002 lines"
