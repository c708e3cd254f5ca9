"""A list in a browser: rows that change and leave while one looks, new ones, the button of a row, and the keys."""

from typing import TYPE_CHECKING, Any

import pytest

import kue
from tests.browser import Visit, expect
from tests.web.pages.looking import visiting
from tests.web.pages.seeding import seed
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = [pytest.mark.slow, pytest.mark.node]


def row(visit: Visit, id: int) -> "Locator":
    return visit.page.locator(f"tr[data-id='{id}']")


def test_a_row_whose_job_left_stays_and_says_what_became_of_it(
    chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any
) -> None:
    seed(client, 1, 4)
    with visiting(chromium, web, "/failed") as visit:
        expect(visit.page.locator("[data-role=live]")).to_have_attribute("data-kind", "live")
        queue.get(2).inactive()
        queue.get(3).remove()
        expect(row(visit, 2).locator(".became")).to_have_text("now queued")
        expect(row(visit, 3).locator(".became")).to_have_text("removed")
        expect(row(visit, 2).get_by_role("button")).to_be_disabled()
        expect(visit.page.locator("tr[data-id]")).to_have_count(4)
        queue.get(2).failed()
        expect(row(visit, 2).locator(".became")).to_have_count(0)
        expect(row(visit, 2).get_by_role("button")).to_be_enabled()
        seed(client, 5, 1)
        expect(visit.page.locator("[data-role=new]")).to_contain_text("1 new since")
        visit.page.goto(f"http://127.0.0.1:{web.port}/jobs")
        expect(visit.page.locator("[data-role=live]")).to_have_attribute("data-kind", "live")
        queue.get(1).remove()
        expect(row(visit, 1).locator(".became")).to_have_text("removed")


def test_new_jobs_wait_behind_a_link(chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any) -> None:
    seed(client, 1, 3)
    with visiting(chromium, web, "/failed") as visit:
        new = visit.page.locator("[data-role=new]")
        expect(visit.page.locator("[data-role=live]")).to_have_attribute("data-kind", "live")
        expect(new).to_be_hidden()
        seed(client, 4, 2)
        expect(new).to_contain_text("2 new since")
        expect(visit.page.locator("tr[data-id]")).to_have_count(3)
        new.get_by_role("link", name="show").click()
        expect(visit.page.locator("tr[data-id]")).to_have_count(5)


def test_a_row_changes_in_its_place(chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any) -> None:
    seed(client, 1, 2, "active", progress=10)
    with visiting(chromium, web, "/active") as visit:
        expect(row(visit, 1).locator(".percent")).to_have_text("10%")
        visit.page.keyboard.press("j")
        visit.page.keyboard.press("x")
        queue.get(1).progress(3, 4)
        expect(row(visit, 1).locator(".percent")).to_have_text("75%")
        expect(row(visit, 1).get_by_role("link")).to_be_focused()
        expect(row(visit, 1)).to_have_class("selected")
        expect(visit.page.locator("tr[data-id]").first).to_have_attribute("data-id", "1")


def test_the_button_of_a_row_acts_and_the_focus_goes_to_the_next_row(
    chromium: "Browser", web: WebServer, client: Any
) -> None:
    seed(client, 1, 3)
    with visiting(chromium, web, "/failed") as visit:
        row(visit, 3).get_by_role("button").click()
        expect(row(visit, 3).locator(".became")).to_have_text("now queued")
        expect(row(visit, 2).get_by_role("button")).to_be_focused()
        assert client.hget("q:job:3", "state") == b"inactive"


def test_a_job_that_cannot_be_changed_is_named_with_the_reason(
    chromium: "Browser", web: WebServer, client: Any
) -> None:
    seed(client, 1, 1)
    with visiting(chromium, web, "/failed") as visit:
        visit.page.keyboard.press(".")  # else the row says so by itself
        expect(visit.page.locator("[data-role=live]")).to_have_attribute("data-kind", "paused")
        client.hset("q:job:1", "state", "active")
        row(visit, 1).get_by_role("button").click()
        expect(visit.page.locator(".toast.error")).to_contain_text("Job 1 was not changed: job 1 is active")
        visit.problems.clear()  # the browser itself writes to the console that the answer was 409


def test_the_keys_go_from_row_to_row_and_open_select_and_retry(
    chromium: "Browser", web: WebServer, client: Any
) -> None:
    seed(client, 1, 4)
    with visiting(chromium, web, "/failed") as visit:
        page = visit.page
        for key in ("j", "j", "k", "j"):
            page.keyboard.press(key)
        expect(row(visit, 3).get_by_role("link")).to_be_focused()
        for key in ("x", "j", "X"):
            page.keyboard.press(key)
        expect(page.locator("tr.selected")).to_have_count(2)
        expect(page.locator("[data-role=chosen]")).to_have_text("2 selected")
        page.keyboard.press("*")
        expect(page.locator("tr.selected")).to_have_count(4)
        page.keyboard.press("Escape")
        expect(page.locator("tr.selected")).to_have_count(0)
        page.keyboard.press("r")
        expect(page.locator(".toast")).to_contain_text("1 of 1 job was retried")
        assert client.hget("q:job:2", "state") == b"inactive"
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/jobs/1")
        visit.problems.clear()


def test_the_menus_lead_to_the_list_at_once(chromium: "Browser", web: WebServer, client: Any) -> None:
    seed(client, 1, 2, type="email")
    seed(client, 3, 2, type="sms")
    with visiting(chromium, web, "/failed") as visit:
        visit.page.get_by_label("Type").select_option("sms")
        expect(visit.page.locator("tr[data-id]")).to_have_count(2)
        assert visit.page.url.endswith("/failed?type=sms&order=newest")
        visit.page.go_back()
        expect(visit.page.locator("tr[data-id]")).to_have_count(4)
        expect(visit.page.get_by_label("Type")).to_have_value("")


def test_a_click_anywhere_in_a_row_opens_the_job(chromium: "Browser", web: WebServer, client: Any) -> None:
    seed(client, 1, 2)
    with visiting(chromium, web, "/failed") as visit:
        expect(visit.page.locator(".list.alive")).to_be_visible()
        row(visit, 2).locator("td.type").click()
        visit.page.wait_for_url("**/jobs/2")
        visit.problems.clear()
