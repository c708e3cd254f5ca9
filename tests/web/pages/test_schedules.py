"""The page of schedules in a browser: when each is due, and what can be done with it."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import redis

import kue
from kue.common.clock import now_ms
from tests.browser import Visit, browser
from tests.helpers import wait_until
from tests.web.conftest import Running
from tests.web.pages.looking import HOSTILE, assert_fits, assert_sound, post_form, served_to, visiting
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = [pytest.mark.slow, pytest.mark.node]
NIGHTLY = "30 2 * * 1-5"


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with browser() as found:
        yield found


@pytest.fixture
def maker(running: Running, queue: kue.Queue) -> Iterator[kue.Queue]:
    """A queue that declares schedules. Its ticker runs, so that what comes due gets its jobs."""
    with kue.Queue(redis=running.redis.url) as maker:
        yield maker


def declared(maker: kue.Queue, name: str, when: str = NIGHTLY, **options: object) -> kue.Schedule:
    job = maker.create("cleanup", {"keep": 3, "password": "geheim"})
    return maker.every(when, job, name=name, **options)  # type: ignore[arg-type]


def row(visit: Visit, name: str) -> "Locator":
    return visit.page.locator(f"tbody tr[data-key='{name}']")


def test_without_a_schedule_the_page_says_how_one_is_made(chromium: "Browser", web: WebServer) -> None:
    with visiting(chromium, web, "/schedules") as visit:
        assert "No schedule." in visit.page.locator("main").inner_text()


def test_a_schedule_shows_when_it_is_due_in_words_and_the_next_five_times(
    chromium: "Browser", web: WebServer, maker: kue.Queue
) -> None:
    schedule = declared(maker, "nightly", tz="Europe/Berlin", overlap="skip", catch_up="all")
    declared(maker, "beat", "90 seconds")
    declared(maker, "odd", "H 3 * * *")
    with visiting(chromium, web, "/schedules", timezone_id="Europe/Berlin") as visit:
        nightly = row(visit, "nightly")
        when = nightly.locator("[data-label=When]").inner_text()
        assert when.split("\n") == ["at 02:30, Monday to Friday", f"{NIGHTLY} Europe/Berlin"]
        rules = nightly.locator("[data-label='If late or busy']").inner_text()
        assert rules.split("\n") == ["a job for each missed", "waits for its last job"]
        nightly.locator("summary").click()
        times = [int(str(one.get_attribute("data-at"))) for one in nightly.locator("ol time").all()]
        assert times == [round(time.timestamp() * 1000) for time in schedule.next(5)]
        assert all("02:30" in text for text in nightly.locator("ol time").all_inner_texts())
        assert '"password": "hidden"' in nightly.inner_text().replace('":"', '": "')
        assert row(visit, "beat").locator("[data-label=When]").inner_text() == "every 90 seconds"
        assert row(visit, "odd").locator("[data-label=When]").inner_text() == "H 3 * * * UTC"


def test_the_page_fits_and_is_accessible_whatever_schedules_hold(
    chromium: "Browser", web: WebServer, maker: kue.Queue, client: "redis.Redis"
) -> None:
    declared(maker, HOSTILE.replace("\0", "\n"))
    declared(maker, "paused").pause()
    declared(maker, "over", times=1)
    client.zadd("q:py:schedules", {"over": float("inf"), "of another release": now_ms()})
    client.hset("q:py:schedule:of another release", "when", "at noon")
    assert_sound(chromium, web, "/schedules")
    with visiting(chromium, web, "/schedules", viewport={"width": 730, "height": 900}) as visit:
        assert_fits(visit)
    with visiting(chromium, web, "/schedules") as visit:
        assert "</td><script>alert(1)</script>⟨U+202E⟩gpj⏎" in visit.page.locator("tbody").inner_text()
        assert "cannot be read by this release" in row(visit, "of another release").inner_text()
        assert row(visit, "paused").get_by_role("button", name="Resume").count() == 1
        assert "over" in row(visit, "over").locator("summary").inner_text()


@pytest.mark.parametrize("name", ["nightly", "first\nsecond </td> \u202e"], ids=["plain", "hostile"])
def test_a_schedule_is_triggered_paused_resumed_and_removed(
    chromium: "Browser", web: WebServer, queue: kue.Queue, maker: kue.Queue, name: str
) -> None:
    declared(maker, name)
    with visiting(chromium, web, "/schedules") as visit:
        page, main = visit.page, visit.page.locator("main")
        main.get_by_role("button", name="Trigger").click()
        page.locator("td[data-label=Last] a", has_text="queued").wait_for()
        assert queue.inactive_count("cleanup") == 1
        main.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Resume").wait_for()
        assert queue.schedules()[name].paused
        page.get_by_role("button", name="Resume").click()
        page.locator("summary", has_text="in ").wait_for()
        assert not queue.schedules()[name].paused
        remove, dialog = page.get_by_role("button", name="Remove"), page.get_by_role("dialog")
        remove.click()
        dialog.get_by_role("button", name="Cancel").click()
        assert name in queue.schedules()
        remove.click()
        dialog.get_by_role("button", name="Remove").click()
        page.get_by_text("No schedule.").wait_for()
    assert queue.schedules() == {}
    assert queue.inactive_count("cleanup") == 1


@pytest.mark.parametrize("name", ["nightly", "first\nsecond </td> \u202e"], ids=["plain", "hostile"])
def test_without_a_script_its_forms_do_the_same(
    chromium: "Browser", web: WebServer, queue: kue.Queue, maker: kue.Queue, name: str
) -> None:
    declared(maker, name)
    with visiting(chromium, web, "/schedules", java_script_enabled=False) as visit:
        main = visit.page.locator("main")
        main.get_by_role("button", name="Trigger").click()
        main.get_by_text("Job 1 was saved.").wait_for()
        main.get_by_role("button", name="Pause").click()
        wait_until(lambda: queue.schedules()[name].paused)
        main.get_by_role("button", name="Resume").click()
        wait_until(lambda: not queue.schedules()[name].paused)
        main.get_by_role("button", name="Remove").click()
        main.get_by_text("The jobs that it has saved stay.").wait_for()
        assert name in queue.schedules()
        main.get_by_role("button", name="Remove").click()
        main.get_by_text("No schedule.").wait_for()
    assert queue.schedules() == {}


def test_the_last_job_is_shown_with_its_state(
    chromium: "Browser", web: WebServer, maker: kue.Queue, queue: kue.Queue
) -> None:
    declared(maker, "failing").trigger().failed()
    declared(maker, "gone").trigger().remove()
    with visiting(chromium, web, "/schedules") as visit:
        assert row(visit, "failing").locator("[data-label=Last] .pill.failed").count() == 1
        assert "removed" in row(visit, "gone").locator("[data-label=Last]").inner_text()


def test_what_is_open_and_where_the_focus_is_stays_so_while_the_page_follows_the_schedules(
    chromium: "Browser", web: WebServer, maker: kue.Queue
) -> None:
    schedule = declared(maker, "nightly")
    with visiting(chromium, web, "/schedules") as visit:
        nightly = row(visit, "nightly")
        nightly.locator("summary").click()
        nightly.get_by_role("button", name="Pause").focus()
        schedule.trigger()
        declared(maker, "another")
        nightly.locator("[data-label=Last] .pill.queued").wait_for()
        row(visit, "another").wait_for()
        assert nightly.locator("details").get_attribute("open") is not None
        assert nightly.get_by_role("button", name="Pause").evaluate("it => it === document.activeElement")


def test_a_late_schedule_says_by_how_much(
    chromium: "Browser", web: WebServer, queue: kue.Queue, running: Running, client: "redis.Redis"
) -> None:
    with kue.Queue(redis=running.redis.url) as maker:
        declared(maker, "nightly")
    client.zadd("q:py:schedules", {"nightly": now_ms() - 120_000})
    with visiting(chromium, web, "/schedules") as visit:
        assert "late by 2 m 0" in row(visit, "nightly").locator("summary").inner_text()


def test_of_very_many_schedules_the_first_are_shown_and_others_can_be_found(
    chromium: "Browser", web: WebServer, maker: kue.Queue
) -> None:
    for number in range(203):
        declared(maker, f"job {number:03d}")
    with visiting(chromium, web, "/schedules") as visit:
        page = visit.page
        assert "first 200 of 203 by name" in page.locator("main").inner_text()
        assert page.locator("tbody tr").count() == 200
        page.get_by_label("Name or type").fill("JOB 202")
        page.get_by_label("Name or type").press("Enter")
        page.wait_for_url("**/schedules?q=JOB+202")
        assert page.locator("tbody tr").count() == 1
        page.locator("tbody summary").click()
        assert page.locator("tbody ol li").count() == 5


def test_a_user_without_permissions_sees_no_data_and_no_button(
    chromium: "Browser", maker: kue.Queue, queue: kue.Queue
) -> None:
    declared(maker, "nightly")
    with served_to(queue, "read") as web:
        with visiting(chromium, web, "/schedules") as visit:
            assert visit.page.locator("main form[method=post]").count() == 0
            visit.page.locator("summary").click()
            assert "Data: hidden" in visit.page.locator("main").inner_text()
            assert "keep" not in visit.page.content()
        for action in ("trigger", "pause", "resume", "remove"):
            assert post_form(web, f"/schedules/{action}", name=json.dumps("nightly"), sure="yes") == 403


def test_a_form_with_a_name_that_is_none_is_refused(web: WebServer) -> None:
    assert post_form(web, "/schedules/pause", name=json.dumps("unknown")) == 404
    assert post_form(web, "/schedules/pause", name="no json") == 422
    assert post_form(web, "/schedules/pause") == 422
