"""Errors as pages: for people on addresses of pages, while programs and the APIs get JSON as before."""

from typing import TYPE_CHECKING, Any

import pytest

import kue
import kue.web
from kue.web import Access
from kue.web.pages import overview
from tests.browser import Visit
from tests.servers import RedisServer
from tests.web.asgi import ask
from tests.web.pages.axe import assert_accessible
from tests.web.pages.looking import assert_fits, visiting
from tests.web.pages.ordinary import seed_ordinary
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
BROWSER = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")


def test_a_browser_gets_a_page_for_an_address_that_does_not_exist(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    answer = ask(app, "GET", "/<b>nowhere", BROWSER)
    assert (answer.status, answer.type) == (404, "text/html; charset=utf-8")
    assert b"There is no GET /&lt;b&gt;nowhere." in answer.body
    assert b'href="/failed"' in answer.body


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/nowhere", ()), ("/job/7", (BROWSER,)), ("/api/v1/jobs/7", (BROWSER,)), ("/api/v1/x", (BROWSER,))],
)
def test_programs_and_the_apis_get_json(queue: kue.Queue, path: str, headers: Any) -> None:
    answer = ask(kue.web.app(queue, auth=kue.web.open_access), "GET", path, *headers)
    assert answer.type.partition(";")[0] in ("application/json", "application/problem+json")


def test_who_may_not_read_learns_nothing_of_the_queue(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=lambda request: Access("ana", ["retry"]))
    answer = ask(app, "GET", "/", BROWSER)
    assert (answer.status, answer.type) == (403, "text/html; charset=utf-8")
    assert b"permission read" in answer.body
    assert b"redis://" not in answer.body


def test_an_error_of_the_server_is_a_page_with_its_number(queue: kue.Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> object:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(overview, "type_table", broken)
    answer = ask(kue.web.app(queue, auth=kue.web.open_access), "GET", "/", BROWSER)
    assert (answer.status, answer.type) == (500, "text/html; charset=utf-8")
    assert b"which its log has under" in answer.body and b"a secret" not in answer.body


def test_a_long_word_in_an_error_makes_the_page_no_wider(chromium: "Browser", web: WebServer) -> None:
    with visiting(chromium, web, f"/{'x' * 200}", viewport={"width": 320, "height": 640}) as visit:
        assert "There is no GET /xxx" in visit.page.locator("main").inner_text()
        assert_fits(visit)
        visit.problems.clear()  # browsers note the status of a page that was not found


def test_a_wrong_range_is_said_with_those_that_there_are(queue: kue.Queue) -> None:
    answer = ask(kue.web.app(queue, auth=kue.web.open_access), "GET", "/?range=1y", BROWSER)
    assert answer.status == 422
    assert b"1h, 48h, 14d" in answer.body


def test_while_redis_is_away_the_last_figures_are_shown_and_the_page_comes_back(chromium: "Browser") -> None:
    with (
        RedisServer(persist=True) as server,
        kue.Queue(redis=server.url) as queue,
        WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web,
    ):
        with server.client() as client:
            seed_ordinary(queue, client)
        visit = Visit(chromium)
        page = visit.page
        page.goto(f"http://127.0.0.1:{web.port}/")
        page.wait_for_selector("[data-role=live][data-kind=live]")
        server.stop()
        page.wait_for_selector("[data-role=away]:has-text('does not answer')")
        assert page.locator(".strip a.failed b").inner_text() == "20"
        answer = page.reload()
        assert answer is not None and answer.status == 503
        assert page.locator(".strip a.failed b").inner_text() == "20"
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.strip a.failed b')).color") == "rgb(86, 96, 109)"
        )
        assert "Connection refused" in page.inner_text("[data-role=away]")
        assert_fits(visit)
        assert_accessible(page)
        server.restart()
        page.wait_for_selector("[data-part=types]")
        assert page.locator("[data-role=away]").is_hidden()
        page.close()
