"""Actions on many jobs in a browser: by selection and by filter, what is asked before, and what is said afterwards."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

import kue
from kue.web.many import Changes
from tests.browser import Visit, expect
from tests.helpers import wait_until
from tests.web.pages.axe import assert_accessible
from tests.web.pages.looking import assert_fits, visiting
from tests.web.pages.seeding import seed
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = [pytest.mark.slow, pytest.mark.node]


def box(visit: Visit, id: int) -> "Locator":
    return visit.page.get_by_label(f"Select job {id}", exact=True)


def size(client: Any, state: str) -> int:
    return int(client.zcard(f"q:jobs:{state}"))


def test_a_range_is_selected_and_retried_without_asking(chromium: "Browser", web: WebServer, client: Any) -> None:
    seed(client, 1, 20)
    with visiting(chromium, web, "/failed") as visit:
        page = visit.page
        expect(page.locator("[data-role=bar]")).to_be_hidden()
        box(visit, 18).click()
        box(visit, 13).click(modifiers=["Shift"])
        expect(page.locator("[data-role=chosen]")).to_have_text("6 selected")
        page.get_by_role("button", name="Retry 6").click()
        expect(page.locator(".toast")).to_contain_text("6 of 6 jobs were retried.")
        expect(page.locator("[data-role=bar]")).to_be_hidden()
        expect(page.locator("tr[data-id='13'] .became")).to_have_text("now queued")
        expect(page.locator("tr[data-id='18'] a")).to_be_focused()
    assert (size(client, "failed"), size(client, "inactive")) == (14, 6)


def test_what_was_not_possible_is_named_and_stays_selected(chromium: "Browser", web: WebServer, client: Any) -> None:
    seed(client, 1, 5)
    with visiting(chromium, web, "/failed") as visit:
        page = visit.page
        page.get_by_label("Select all that are loaded").check()
        client.hset("q:job:2", "state", "active")
        client.hset("q:job:3", "state", "active")
        client.delete("q:job:4")
        page.get_by_role("button", name="Retry 5").click()
        toast = page.locator(".toast.error")
        expect(toast).to_contain_text("2 of 5 jobs were retried. 3 were not: it is active (2), it was removed (1).")
        toast.get_by_text("Details").click()
        expect(toast.locator("pre")).to_contain_text("4: it was removed")
        expect(page.locator("[data-role=chosen]")).to_have_text("3 selected")
        expect(box(visit, 2)).to_be_checked()
        expect(box(visit, 1)).not_to_be_checked()


def test_a_job_that_runs_again_is_not_removed_with_the_failed_ones(
    chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any
) -> None:
    seed(client, 1, 3)
    with visiting(chromium, web, "/failed?type=email") as visit:
        page = visit.page
        page.get_by_label("Select all that are loaded").check()
        queue.get(2).active()
        page.get_by_role("button", name="Remove 3").click()
        expect(page.get_by_role("dialog")).to_contain_text("Remove 3 failed jobs of type email?")
        page.get_by_role("dialog").get_by_role("button", name="Remove 3").click()
        expect(page.locator(".toast.error")).to_contain_text("2 of 3 jobs were removed. 1 was not: it is active (1).")
    assert (size(client, "failed"), size(client, "active")) == (0, 1)


def test_removing_asks_first_with_the_focus_on_the_safe_button(
    chromium: "Browser", web: WebServer, client: Any
) -> None:
    seed(client, 1, 3)
    with visiting(chromium, web, "/failed") as visit:
        page = visit.page
        box(visit, 1).check()
        remove = page.get_by_role("button", name="Remove 1")
        remove.click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Remove 1 failed job?")
        expect(dialog).to_contain_text("1 Job 1")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(remove).to_be_focused()
        assert size(client, "failed") == 3
        remove.click()
        dialog.get_by_role("button", name="Remove 1").click()
        expect(page.locator("tr[data-id='1'] .became")).to_have_text("removed")
    assert size(client, "failed") == 2


def test_all_that_a_filter_takes_are_counted_and_more_than_a_thousand_have_to_be_typed_in(
    chromium: "Browser", web: WebServer, client: Any
) -> None:
    seed(client, 1, 1200, error="refused by host 7")
    seed(client, 1201, 200, error="gone")
    with visiting(chromium, web, "/failed?alike=refused+by+host+%23") as visit:
        page = visit.page
        box(visit, 1200).check()
        page.get_by_role("button", name="Select all that the filters take").click()
        expect(page.locator("[data-role=chosen]")).to_have_text("1,200 selected")
        page.get_by_role("button", name="Look for more").click()
        expect(page.locator("tr[data-id='1050']")).to_have_class("selected")
        box(visit, 1050).uncheck()
        expect(page.locator("[data-role=chosen]")).to_have_text("199 selected")
        page.get_by_role("button", name="Select all that the filters take").click()
        page.get_by_role("button", name="Retry 1,200").click()
        dialog = page.get_by_role("dialog")
        go = dialog.get_by_role("button", name="Retry 1,200")
        expect(go).to_be_disabled()
        dialog.get_by_label("Type 1200 to go on").fill("1200")
        go.click()
        expect(page.locator(".toast")).to_contain_text("1,200 of 1,200 jobs were retried.")
    assert (size(client, "failed"), size(client, "inactive")) == (200, 1200)


class Gate:
    """Lets a change of many jobs go on only when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened, self.batches = threading.Event(), 0
        real = Changes.retry

        def retry(changes: Changes, ids: Sequence[int]) -> Any:
            self.batches += 1
            if self.batches > 1:
                assert self.opened.wait(30)
            return real(changes, ids)

        monkeypatch.setattr(Changes, "retry", retry)


def begin_all(visit: Visit) -> None:
    page = visit.page
    page.get_by_label("Select all that are loaded").check()
    page.get_by_role("button", name="Select all 300 failed").click()
    page.get_by_role("button", name="Retry 300").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry 300").click()


def test_an_operation_shows_how_far_it_is_and_can_be_stopped(
    chromium: "Browser", web: WebServer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(client, 1, 300)
    gate = Gate(monkeypatch)
    with visiting(chromium, web, "/failed") as visit:
        page = visit.page
        begin_all(visit)
        expect(page.locator("[data-role=done]")).to_have_text("Retrying 100 of 300")
        expect(page.locator("[data-bulk=retry]")).to_be_disabled()
        expect(page.locator("[data-bulk=retry]")).to_have_attribute("title", "Another action is under way")
        page.get_by_role("button", name="Stop").click()
        wait_until(lambda: web.get("/api/v1/operations").json["operations"][0]["state"] == "running")
        gate.opened.set()
        expect(page.locator(".toast")).to_contain_text("It was stopped.")
    assert size(client, "inactive") in (200, 100)


def test_an_operation_goes_on_without_the_page_which_finds_it_again(
    chromium: "Browser", web: WebServer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(client, 1, 300)
    gate = Gate(monkeypatch)
    with visiting(chromium, web, "/failed") as visit:
        begin_all(visit)
        expect(visit.page.locator("[data-role=done]")).to_have_text("Retrying 100 of 300")
    with visiting(chromium, web, "/failed") as visit:
        expect(visit.page.locator("[data-role=done]")).to_have_text("Retrying 100 of 300")
        with visit.page.expect_event("requestfailed"):
            visit.page.route("**/api/v1/operations/*", lambda route: route.abort())
        visit.page.unroute("**/api/v1/operations/*")
        visit.problems.clear()  # the browser reports the request that was cut
        gate.opened.set()
        expect(visit.page.locator(".toast")).to_contain_text("300 of 300 jobs were retried.")
    assert size(client, "inactive") == 300


def test_the_bar_fits_on_a_narrow_screen(chromium: "Browser", web: WebServer, client: Any) -> None:
    seed(client, 1, 30, "complete")
    with visiting(chromium, web, "/complete", viewport={"width": 320, "height": 640}) as visit:
        cell = visit.page.locator("tr[data-id='30'] td.select")
        cell.click(position={"x": 4, "y": 4})  # beside the checkbox, as a finger may
        expect(box(visit, 30)).to_be_checked()
        expect(box(visit, 30)).to_be_focused()
        expect(visit.page.get_by_role("button", name="Run again 1")).to_be_in_viewport()
        assert_fits(visit)
        assert_accessible(visit.page)
