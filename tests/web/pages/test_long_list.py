"""A list of 100,000 jobs in a browser: every row can be reached, and few are in the document at a time."""

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import Visit, expect
from tests.web.pages.looking import visiting
from tests.web.pages.seeding import seed, seed_many
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.node]
JOBS = 100_000
MOST_IN_THE_DOCUMENT = 300


@pytest.fixture(scope="module")
def long(running: Any) -> WebServer:
    """The server of a queue with 100,000 failed jobs of four priorities."""
    with running.redis.client() as client:
        client.flushall()
        seed_many(client, JOBS)
    web: WebServer = running.web
    return web


def rows(page: "Page") -> int:
    return page.locator("tbody[data-role=rows] tr").count()


def last_index(visit: Visit) -> "Any":
    return expect(visit.page.locator("tbody[data-role=rows] tr").last)


def test_the_scrollbar_reaches_the_last_row_at_once(chromium: "Browser", long: WebServer) -> None:
    with visiting(chromium, long, "/failed") as visit:
        page = visit.page
        expect(page.locator("table.jobs")).to_have_attribute("aria-rowcount", str(JOBS + 1))
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        last_index(visit).to_have_attribute("data-id", "1")
        last_index(visit).to_have_attribute("aria-rowindex", str(JOBS + 1))
        assert rows(page) <= MOST_IN_THE_DOCUMENT
        expect(page.locator("tr[data-id='1']")).to_be_in_viewport()


@pytest.mark.parametrize(("place", "query"), [(50_000, ""), (31_415, "?order=oldest"), (99_000, "?type=email")])
def test_a_row_in_the_middle_is_the_right_one(chromium: "Browser", long: WebServer, place: int, query: str) -> None:
    with visiting(chromium, long, f"/failed{query}", viewport={"width": 390, "height": 844}) as visit:
        page = visit.page
        expect(page.locator(".list.alive")).to_be_visible()
        page.evaluate(f"scrollTo(0, {place} * 84)")
        id = place + 1 if "oldest" in query else JOBS - place
        expect(page.locator(f"tr[data-id='{id}']")).to_have_attribute("aria-rowindex", str(place + 2))
        assert rows(page) <= MOST_IN_THE_DOCUMENT


def test_who_comes_back_finds_the_list_as_it_was(chromium: "Browser", long: WebServer) -> None:
    with visiting(chromium, long, "/failed") as visit:
        page = visit.page
        expect(page.locator(".list.alive")).to_be_visible()
        page.evaluate("scrollTo(0, 40000 * 42)")
        row = page.locator(f"tr[data-id='{JOBS - 40_005}']")
        expect(row).to_be_in_viewport()
        before = row.bounding_box()
        row.get_by_role("link").click()
        page.wait_for_url(f"**/jobs/{JOBS - 40_005}")
        page.go_back()
        expect(row).to_be_in_viewport()
        assert row.bounding_box() == before
        visit.problems.clear()


def test_rows_that_do_not_come_can_be_asked_for_again(chromium: "Browser", long: WebServer) -> None:
    with visiting(chromium, long, "/failed") as visit:
        page = visit.page
        page.route("**/failed?part=rows*", lambda route: route.abort())
        page.evaluate("scrollTo(0, 20000 * 42)")
        expect(page.locator("tr.failure").first).to_contain_text("could not be loaded")
        expect(page.locator("tr.grey").first).to_be_attached()
        page.unroute("**/failed?part=rows*")
        page.get_by_role("button", name="Try again").first.click()
        expect(page.locator(f"tr[data-id='{JOBS - 20_005}']")).to_be_attached()
        visit.problems.clear()  # the browser itself says that a request was cut off


def test_a_place_stays_right_when_jobs_come_and_leave(chromium: "Browser", long: WebServer, running: Any) -> None:
    with visiting(chromium, long, "/failed") as visit, running.redis.client() as client:
        page = visit.page
        expect(page.locator("[data-role=live]")).to_have_attribute("data-kind", "live")
        page.get_by_role("button", name=f"Retry job {JOBS}").click()
        expect(page.locator(f"tr[data-id='{JOBS}'] .became")).to_be_visible()
        seed(client, JOBS + 1, 1)
        page.evaluate("scrollTo(0, 5000 * 42)")
        expect(page.locator(f"tr[data-id='{JOBS - 5000}']")).to_have_attribute("aria-rowindex", "5002")


def test_the_first_page_is_made_fast(long: WebServer, record_property: Any) -> None:
    """The goal is 150 ms. Machines are busy, so that the bound of the test is greater; the report has the best time."""
    best = float("inf")
    for _ in range(10):
        begun = time.perf_counter()
        assert long.get("/failed").status == 200
        best = min(best, time.perf_counter() - begun)
    record_property("first_page_ms", round(best * 1000))
    assert best < 1.5
