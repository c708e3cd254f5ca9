"""The frame of every page in a browser: counts, keys, colours, what is live, and how fresh it is."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

import kue
import kue.web
from kue.web import factory
from kue.web.proxy import under_prefix
from tests.helpers import wait_until
from tests.web.conftest import Running
from tests.web.pages.looking import visiting
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.slow
LIVE = "[data-role=live][data-kind=live]"
QUEUED = "a.entry[href$='/inactive'] .count"


def wait_for_count(page: "Page", count: str) -> None:
    page.wait_for_function(
        "([selector, count]) => document.querySelector(selector).textContent === count", arg=[QUEUED, count]
    )


def test_the_counts_in_the_rail_are_live(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    queue.create("email").save()
    with visiting(chromium, web, "/") as visit:
        assert visit.page.locator(QUEUED).inner_text() == "1"
        queue.create("email").save()
        wait_for_count(visit.page, "2")


def test_a_point_pauses_what_is_live(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        page.wait_for_selector(LIVE)
        page.keyboard.press(".")
        page.wait_for_selector("[data-role=live]:text-is('Paused')")
        wait_until(lambda: streams(queue) == 0)
        queue.create("email").save()
        assert page.locator(QUEUED).inner_text() == "0"
        page.keyboard.press(".")
        wait_for_count(page, "1")


def test_the_title_tells_of_failures_while_the_reader_looks_elsewhere(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        page.wait_for_selector(LIVE)
        assert page.title() == "Overview: kue"
        page.evaluate("document.hasFocus = () => false")
        for job in queue.save_all(queue.create("email") for _ in range(3)):
            job.failed()
        page.wait_for_function("() => document.title === '(3) Overview: kue'")
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        page.wait_for_function("() => document.title === 'Overview: kue'")


def streams(queue: kue.Queue) -> int:
    """How many live streams the server has open."""
    return len(factory.shared_of(queue, 1).poller)


def hide(page: "Page", is_hidden: bool) -> None:
    """As if the reader looked at another tab."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        is_hidden,
    )


def test_a_hidden_tab_follows_nothing_and_catches_up_when_it_is_shown(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    with visiting(chromium, web, "/") as visit:
        visit.page.wait_for_selector(LIVE)
        hide(visit.page, True)
        wait_until(lambda: streams(queue) == 0)
        queue.create("email").save()
        hide(visit.page, False)
        wait_for_count(visit.page, "1")


def test_two_tabs_follow_the_same(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    with visiting(chromium, web, "/") as one, visiting(chromium, web, "/") as other:
        queue.create("email").save()
        for visit in (one, other):
            wait_for_count(visit.page, "1")


def test_a_cut_connection_is_said_and_restored(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    is_cut = True

    def events(route: "Route") -> None:
        route.abort() if is_cut else route.continue_()

    with visiting(chromium, web, "/help") as visit:
        visit.page.route("**/api/v1/events*", events)
        visit.page.reload()
        visit.page.wait_for_selector("[data-role=live]:has-text('reconnecting')")
        is_cut = False
        visit.page.wait_for_selector(LIVE)
        visit.problems.clear()  # the browser reports the requests that were cut


def test_without_a_stream_the_page_asks_every_five_seconds(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    queue.create("email").save()
    with visiting(chromium, web, "/help") as visit:
        visit.page.route("**/api/v1/events*", lambda route: route.fulfill(status=503))
        visit.page.reload()
        visit.page.wait_for_selector("[data-role=live]:text-is('Live, every 5 s')")
        wait_for_count(visit.page, "1")
        visit.problems.clear()  # the browser reports the refused requests


def test_keys_lead_to_pages_and_do_nothing_while_one_types(chromium: "Browser", web: WebServer, client: Any) -> None:
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        page.keyboard.press("/")
        page.keyboard.type("g f?.")
        assert page.input_value("#find") == "g f?."
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("g")
        page.keyboard.press("f")
        page.wait_for_url("**/failed")


def test_the_question_mark_lists_the_keys_and_escape_goes_back(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        page = visit.page
        page.focus(".entry[href='/failed']")
        page.keyboard.press("?")
        assert "go to failed jobs" in page.inner_text("dialog[open] dl.keys")
        assert page.evaluate("document.activeElement.textContent") == "Close"
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "/failed"


def test_keys_can_be_turned_off(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        visit.page.evaluate("localStorage.setItem('kue.keys', 'off')")
        visit.page.keyboard.press("?")
        visit.page.keyboard.press(".")
        assert visit.page.locator("dialog").count() == 0
        visit.page.wait_for_selector(LIVE)


def test_the_chosen_colours_are_there_before_the_page_is_drawn(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/", color_scheme="light") as visit:
        page = visit.page
        page.keyboard.press("t")
        page.keyboard.press("t")
        assert page.inner_text("[data-role=choice]") == "dark"
        page.add_init_script(
            "new PerformanceObserver(list => { for (const one of list.getEntries())"
            " window.painted ??= document.documentElement.dataset.theme; })"
            ".observe({ type: 'paint', buffered: true })"
        )
        page.reload()
        page.wait_for_function("() => window.painted === 'dark'")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(231, 234, 238)"


def test_moments_are_in_the_zone_of_the_reader(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/", timezone_id="Asia/Kathmandu") as visit:
        one = visit.page.locator("[data-part=failures] time").first
        at = datetime.fromtimestamp(int(one.get_attribute("data-at") or "") / 1000, ZoneInfo("Asia/Kathmandu"))
        assert one.inner_text() in (f"{at:%H:%M:%S}", f"yesterday {at:%H:%M}")
        assert (one.get_attribute("title") or "").endswith("UTC+05:45")


def test_under_a_prefix_every_link_and_the_stream_have_it(chromium: "Browser", queue: kue.Queue, client: Any) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    with WebServer(under_prefix(app, "/ops/kue")) as web, visiting(chromium, web, "/ops/kue/") as visit:
        visit.page.wait_for_selector(LIVE)
        links = visit.page.evaluate(
            "[...document.querySelectorAll('a[href], form')].map(one => one.href ?? one.action)"
        )
        assert [link for link in links if "/ops/kue/" not in link and not link.endswith("#main")] == []
        visit.page.keyboard.press("g")
        visit.page.keyboard.press("w")
        visit.page.wait_for_url("**/ops/kue/workers")


def test_the_first_tab_skips_to_the_content(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        visit.page.keyboard.press("Enter")
        assert visit.page.evaluate("document.activeElement.id") == "main"


def test_the_rail_tells_the_environment_and_that_the_server_is_read_only(
    chromium: "Browser", ordinary: Running
) -> None:
    app = kue.web.app(ordinary.queue, auth=kue.web.open_access, title="<b>staging</b>", read_only=True)
    with WebServer(app) as web, visiting(chromium, web, "/") as visit:
        assert visit.page.inner_text(".environment") == "<b>staging</b>"
        assert "read-only" in visit.page.inner_text(".foot")
        assert visit.page.locator("a[href='/create']").count() == 0
        assert visit.page.inner_text("a[href='/schedules'] .count") == "1"
