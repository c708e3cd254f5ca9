"""The page of failures in a browser: groups of failed jobs, and what can be done with each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import kue
from tests.browser import Visit, browser
from tests.helpers import wait_until
from tests.web.pages.looking import HOSTILE, assert_fits, assert_sound, post_form, served_to, visiting
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = [pytest.mark.slow, pytest.mark.node]


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with browser() as found:
        yield found


def failed(queue: kue.Queue, type: str, message: str, count: int = 1) -> list[kue.Job]:
    jobs = queue.save_all(queue.create(type, {"n": n}) for n in range(count))
    for number, job in enumerate(jobs):
        job.failed()
        job.error(message.replace("N", str(number)))
    return jobs


@pytest.fixture
def mails(queue: kue.Queue) -> list[kue.Job]:
    """Three jobs that failed alike, and one of another type with another message."""
    failed(queue, "video", "TTL exceeded")
    return failed(queue, "email", "refused by host-N: connection 10N", 3)


def row(visit: Visit, text: str) -> "Locator":
    return visit.page.locator("tbody tr", has_text=text)


def test_each_group_shows_its_message_count_and_types(chromium: "Browser", web: WebServer, mails: object) -> None:
    with visiting(chromium, web, "/failures") as visit:
        assert visit.page.locator("tbody tr").count() == 2
        mail = row(visit, "refused by host")
        assert mail.locator("[data-label=Jobs]").inner_text() == "3"
        assert mail.locator("[data-label=Types] a").get_attribute("href") == "/failed?type=email"
        assert mail.get_by_role("link", name="Show").get_attribute("href") == (
            "/failed?alike=refused+by+host-%23%3A+connection+%23"
        )
        assert mail.locator("svg.spark rect").count() == 1


def test_the_page_fits_and_is_accessible_whatever_the_messages_hold(
    chromium: "Browser", web: WebServer, queue: kue.Queue, mails: object
) -> None:
    failed(queue, HOSTILE, HOSTILE)
    failed(queue, "silent", "")
    assert_sound(chromium, web, "/failures")
    with visiting(chromium, web, "/failures", viewport={"width": 730, "height": 900}) as visit:
        assert_fits(visit)
    with visiting(chromium, web, "/failures") as visit:
        assert "<script>alert(1)</script>⟨U+202E⟩gpj⟨U+0000⟩" in visit.page.locator("tbody").inner_text()
        assert row(visit, "no message").count() == 1


def test_of_very_many_groups_the_largest_are_listed(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    for number in range(101):
        failed(queue, "email", f"error {'abcdefghij'[number % 10]}{'abcdefghijk'[number // 10]}")
    failed(queue, "email", "the commonest", 2)
    with visiting(chromium, web, "/failures") as visit:
        assert "2 smaller groups are not listed." in visit.page.locator("main").inner_text()
        assert "the commonest" in visit.page.locator("tbody tr").first.inner_text()


def test_a_group_is_retried_at_once(chromium: "Browser", web: WebServer, queue: kue.Queue, mails: object) -> None:
    with visiting(chromium, web, "/failures") as visit:
        row(visit, "refused by host").get_by_role("button", name="Retry 3").click()
        visit.page.get_by_text("3 of 3 jobs were retried.").first.wait_for()
        row(visit, "refused by host").wait_for(state="detached")
    assert (queue.inactive_count("email"), queue.failed_count()) == (3, 1)


def test_what_could_not_be_retried_is_named_with_the_reason(
    chromium: "Browser", web: WebServer, queue: kue.Queue, mails: list[kue.Job]
) -> None:
    with visiting(chromium, web, "/failures") as visit:
        mails[0].remove()
        mails[1].delayed()
        row(visit, "refused by host").get_by_role("button", name="Retry 3").click()
        said = "1 of 3 jobs was retried. 2 were not: it is delayed (1), it was removed (1)."
        visit.page.locator(".toast", has_text=said).wait_for()
        visit.page.locator(".toast").get_by_text("Details").click()
        assert f"job {mails[1].id}: it is delayed" in visit.page.locator(".toast pre").inner_text()
    assert queue.inactive_count("email") == 1


def test_a_group_is_removed_only_if_the_reader_is_sure(
    chromium: "Browser", web: WebServer, queue: kue.Queue, mails: list[kue.Job]
) -> None:
    with visiting(chromium, web, "/failures") as visit:
        button = row(visit, "refused by host").get_by_role("button", name="Remove 3")
        dialog = visit.page.get_by_role("dialog", name="Remove 3 failed jobs?")
        button.click()
        dialog.wait_for()
        assert f"job {mails[0].id}" in dialog.inner_text()
        assert dialog.get_by_role("button", name="Cancel").evaluate("it => it === document.activeElement")
        visit.page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        assert queue.failed_count() == 4
        button.click()
        dialog.get_by_role("button", name="Remove 3").click()
        visit.page.get_by_text("3 of 3 jobs were removed.").first.wait_for()
        row(visit, "refused by host").wait_for(state="detached")
    assert (queue.failed_count(), queue.failed_count("email")) == (1, 0)


def test_more_than_a_hundred_jobs_are_retried_only_if_the_reader_is_sure(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    failed(queue, "email", "refused", 101)
    with visiting(chromium, web, "/failures") as visit:
        row(visit, "refused").get_by_role("button", name="Retry 101").click()
        dialog = visit.page.get_by_role("dialog", name="Retry 101 failed jobs?")
        dialog.get_by_role("button", name="Retry 101").click()
        visit.page.get_by_text("No failed jobs.").wait_for()
    assert queue.inactive_count() == 101


def test_new_failures_wait_until_the_reader_wants_them(
    chromium: "Browser", web: WebServer, queue: kue.Queue, mails: object
) -> None:
    with visiting(chromium, web, "/failures") as visit:
        failed(queue, "report", "disk full", 9)
        button = visit.page.get_by_role("button", name="There are new failures. Show")
        button.wait_for()
        assert visit.page.locator("tbody tr").count() == 2
        button.click()
        row(visit, "disk full").wait_for()
        assert visit.page.locator("tbody tr").count() == 3


def test_without_a_script_a_group_is_retried_and_removed(
    chromium: "Browser", web: WebServer, queue: kue.Queue, mails: object
) -> None:
    with visiting(chromium, web, "/failures", java_script_enabled=False) as visit:
        row(visit, "TTL exceeded").get_by_role("button", name="Retry 1").click()
        wait_until(lambda: queue.inactive_count("video") == 1)
        visit.page.goto(visit.page.url)
        assert "1 of 1 job was retried." in visit.page.locator(".outcome").inner_text()
        row(visit, "refused by host").get_by_role("button", name="Remove 3").click()
        assert "3 failed jobs will be removed" in visit.page.locator("main").inner_text()
        assert queue.failed_count() == 3
        visit.page.get_by_role("button", name="Remove 3").click()
        wait_until(lambda: queue.failed_count() == 0)


def test_a_user_without_data_sees_no_message(chromium: "Browser", queue: kue.Queue, mails: object) -> None:
    with served_to(queue, "read", "retry") as web, visiting(chromium, web, "/failures") as visit:
        text = visit.page.locator("main").inner_text()
        assert "The messages are hidden" in text and "4 failed jobs" in text
        assert "refused" not in visit.page.content()


def test_who_may_only_read_sees_no_button_and_is_refused(
    chromium: "Browser", queue: kue.Queue, mails: list[kue.Job]
) -> None:
    with served_to(queue, "read", "data") as web:
        with visiting(chromium, web, "/failures") as visit:
            assert visit.page.locator("main form[method=post]").count() == 0
        for action in ("retry", "remove"):
            assert post_form(web, f"/failures/{action}", ids=str(mails[0].id), sure="yes") == 403
    assert queue.failed_count() == 4


@pytest.mark.parametrize("ids", ["", "x", "1  2", "0", "-1", "1,2", " ".join(map(str, range(1, 1002)))])
def test_what_is_no_list_of_ids_is_refused(web: WebServer, ids: str) -> None:
    assert post_form(web, "/failures/retry", ids=ids) == 422
