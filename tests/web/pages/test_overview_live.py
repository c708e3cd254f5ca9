"""What the overview does in a browser while one looks: figures change in place, and its buttons act."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import kue
import kue.web
from tests.helpers import wait_until
from tests.web.pages.looking import served_to, visiting
from tests.web.pages.ordinary import now_of
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
LIVE = "[data-role=live][data-kind=live]"


@pytest.fixture
def queue(running: Any, client: Any) -> Iterator[kue.Queue]:
    """A queue of its own, for which nothing is remembered."""
    with kue.Queue(redis=running.redis.url) as queue:
        yield queue


@pytest.fixture
def web(queue: kue.Queue) -> Iterator[WebServer]:
    with WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web:
        yield web


def fail(queue: kue.Queue, type: str, count: int) -> list[kue.Job]:
    jobs = queue.save_all(queue.create(type, {"n": n}) for n in range(count))
    for number, job in enumerate(jobs):
        job.error(f"refused by host-{number}").failed()
    return jobs


def cell(page: "Page", type: str, name: str, text: str) -> None:
    """Wait until a figure of a type is so."""
    page.wait_for_selector(f"tr[data-type={type}] [data-cell={name}]:text-is('{text}')")


def test_figures_of_types_change_in_place_and_no_row_moves(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    for type in ("a", "b"):
        queue.create(type).save()
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        page.wait_for_selector(LIVE)
        place = "document.querySelector('tr[data-type=b]').offsetTop"  # in the table, above which lines may come
        before = page.evaluate(place)
        queue.save_all(queue.create("b") for _ in range(4))
        cell(page, "b", "inactive", "5")
        page.wait_for_function("() => document.querySelector('.strip a.queued b').textContent === '6'")
        assert page.evaluate(place) == before
        for job in queue.save_all(queue.create("a") for _ in range(2)):
            job.failed()
        cell(page, "a", "failed", "2")


def test_every_ten_seconds_the_page_is_fetched_and_a_new_type_waits_until_it_is_asked_for(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    queue.create("b").save()
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        page.clock.install()
        page.reload()
        page.wait_for_selector(LIVE)
        fail(queue, "a", 1)
        page.clock.fast_forward(10_000)
        page.wait_for_selector("[data-part=failures] button:has-text('Retry 1')")
        assert page.locator("tr[data-type]").count() == 1
        page.click("a:has-text('There are other types now')")
        page.wait_for_selector("tr[data-type=a]")


def test_what_needs_attention_comes_and_goes(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    queue.create("email").save()
    with visiting(chromium, web, "/") as visit:
        visit.page.wait_for_selector(LIVE)
        queue.pause("email")
        visit.page.wait_for_selector(".attention li:has-text('email is paused')")
        visit.page.click(".attention li:has-text('email is paused') button")
        visit.page.wait_for_load_state()
        assert visit.page.locator(".attention li:has-text('is paused')").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_a_type_is_paused_and_resumed_from_its_menu(
    chromium: "Browser", web: WebServer, queue: kue.Queue, scripts: bool
) -> None:
    queue.create("video/é\r\n1").save()
    with visiting(chromium, web, "/?range=48h", java_script_enabled=scripts) as visit:
        page = visit.page
        for verb, is_paused in (("Pause", True), ("Resume", False)):
            page.click(".types tbody summary")
            page.click(f".menu button:has-text('{verb}')")
            page.wait_for_selector(".types .pill:has-text('Paused')", state="visible" if is_paused else "detached")
            assert page.url.endswith("/?range=48h")


def test_escape_and_a_click_elsewhere_close_a_menu(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    for type in ("a", "b"):
        queue.create(type).save()
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        page.wait_for_selector(LIVE)
        page.click("tr[data-type=a] summary")
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        assert page.locator("details.menu[open]").count() == 0
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Actions for a"
        page.click("tr[data-type=a] summary")
        page.focus("tr[data-type=b] summary")
        page.keyboard.press("Enter")
        assert page.locator("tr[data-type=b] details.menu[open]").count() == 1
        assert page.locator("details.menu[open]").count() == 1
        page.click("h1")
        assert page.locator("details.menu[open]").count() == 0


def test_a_group_of_failures_is_queued_again_by_its_button(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    fail(queue, "email", 3)
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        page.wait_for_selector(LIVE)
        page.click("[data-part=failures] button:has-text('Retry 3')")
        page.wait_for_selector(".toast:has-text('3 of 3 jobs were retried.')")
        page.wait_for_selector("[data-part=failures]:has-text('No failed jobs.')")
    assert queue.inactive_count() == 3


def test_over_a_hundred_jobs_are_asked_about_first(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    fail(queue, "email", 101)
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        page.click("[data-part=failures] button:has-text('Retry 101')")
        page.wait_for_selector("dialog[open]")
        assert page.evaluate("document.activeElement.textContent") == "Cancel"
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert queue.failed_count() == 101
        page.click("[data-part=failures] button:has-text('Retry 101')")
        page.click("dialog button:has-text('Retry 101')")
        page.wait_for_selector(".toast:has-text('101 of 101 jobs were retried.')")
    assert queue.failed_count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_the_failed_jobs_of_a_type_are_queued_again(
    chromium: "Browser", web: WebServer, queue: kue.Queue, scripts: bool
) -> None:
    fail(queue, "email", 2)
    fail(queue, "sms", 1)
    with visiting(chromium, web, "/", java_script_enabled=scripts) as visit:
        page = visit.page
        page.click("tr[data-type=email] summary")
        page.click("tr[data-type=email] .menu button:has-text('Retry 2 failed')")
        page.wait_for_selector("[data-part=outcome]")
        if scripts:
            page.wait_for_selector("[data-part=outcome]:has-text('2 of 2 jobs were retried.')")
    wait_until(lambda: (queue.failed_count(), queue.inactive_count()) == (1, 2))


def test_each_line_that_needs_attention_offers_what_helps(
    chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any
) -> None:
    now = now_of(client)
    fail(queue, "email", 12)
    client.hset(f"q:py:stats:t:{now // 600_000 * 600}:email", mapping={"completed": 20, "failed": 12})
    waiting = queue.create("video").save()
    client.hset(f"q:job:{waiting.id}", "promote_at", now - 10_000)
    client.zadd("q:py:workers:lost", {"kue:host-a:7-01234567": now - 60_000})
    client.zadd("q:py:schedules", {"nightly": now - 600_000})
    queue.pause()
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        helps = {
            " ".join(line.locator("p").inner_text().split()).partition(" — ")[0]: line.locator("a, form").first
            for line in page.locator(".attention li").all()
            if line.locator("a, form").count()
        }
        leads = {text: found.get_attribute("href") or found.get_attribute("action") for text, found in helps.items()}
        assert leads == {
            "email has 12 failed jobs in the last hour, of 32 that finished": "/failures/retry",
            "nightly is late: no process sees to recurring jobs": "/schedules",
            "the worker host-a, process 7 was lost": "/workers",
            "the queue is paused": "/types/resume",
        }
        page.click(".attention button:has-text('Retry 12')")
        page.wait_for_selector(".toast:has-text('12 of 12 jobs were retried.')")
        page.click(".attention button:has-text('Resume')")
        page.wait_for_selector(".attention li:has-text('video has jobs that wait, and no worker')")
        assert page.get_by_role("link", name="Show workers").first.get_attribute("href") == "/workers"


def test_what_may_be_put_away_stays_away(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    """The Redis of the tests keeps nothing on disk."""
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        line = page.locator(".attention li:has-text('keeps nothing on disk')")
        line.get_by_role("button", name="Put away").click()
        assert line.is_hidden()
        page.reload()
        page.wait_for_selector(LIVE)
        assert line.is_hidden()


def test_a_user_without_the_permission_can_change_nothing(web: WebServer, queue: kue.Queue) -> None:
    queue.create("email").save()
    with served_to(queue, "read", "data", "create") as limited:
        for path in ("/types/pause?of=email", "/types/resume?of=email", "/types/retry?of=email"):
            assert limited.ask("POST", path).status == 403
    assert web.ask("POST", "/types/pause?of=py:x").status == 422
    assert web.ask("POST", "/types/pause?of=email", [("Sec-Fetch-Site", "cross-site")]).status == 403
    assert not queue.paused("email")
