"""Looking for jobs in the one box: an id, words in the index or in the data, and fields."""

import re
from typing import TYPE_CHECKING, Any

import pytest

import kue
import kue.web
from tests.browser import expect
from tests.web.pages.looking import HOSTILE, assert_fits, visiting
from tests.web.pages.seeding import seed
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.node]


def found(web: WebServer, query: str) -> list[int]:
    text = web.get(f"/jobs?q={query}").body.decode()
    return [int(id) for id in re.findall(r'<tr role="row" data-id="(\d+)"', text)]


@pytest.mark.parametrize("text", ["48213", "%2348213"])
def test_an_id_leads_to_its_job_at_once(web: WebServer, text: str) -> None:
    answer = web.get(f"/jobs?q={text}")
    assert (answer.status, answer.headers["location"]) == (303, "/jobs/48213")


def test_words_fields_and_quoted_texts_say_where_to_look(web: WebServer, client: Any) -> None:
    seed(client, 1, 1, data='{"to":"ana@example.com","title":"Welcome home"}')
    seed(client, 2, 1, "complete", "sms", data='{"to":"kim@example.com","cc":"ana@example.com"}')
    seed(client, 3, 1, "active", "ana", data="{}")
    seed(client, 4, 1, error="Refused by ANA\n at home", data='{"order":{"total":7}}')
    assert found(web, "ana") == [3, 2, 1]
    assert found(web, "welcome+home") == [1]
    assert found(web, "home+welcome") == [1]
    assert found(web, '"home+welcome"') == []
    assert found(web, "data.to:ana@") == [1]
    assert found(web, "data.order.total:7") == [4]
    assert found(web, 'error:"refused+by"') == [4]
    assert found(web, "error:home") == []
    assert found(web, "type:sms") == [2]
    assert found(web, "ana+type:sms") == [2]
    assert found(web, "ana&state=failed") == [1]
    assert b'<a href="/jobs?type=sms">its jobs</a>' in web.get("/jobs?q=sms").body


def test_words_are_looked_for_in_the_index_if_there_is_one(running: Any, client: Any) -> None:
    with (
        kue.Queue(redis=running.redis.url, disable_search=False) as queue,
        WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web,
    ):
        queue.create("email", {"title": "three invoices"}).save()
        queue.create("email", {"title": "one invoice"}).save()
        queue.create("sms", {"title": "no bill"}).save()
        assert sorted(found(web, "invoice")) == [1, 2]
        assert found(web, '"one+invoice"') == [2]
        assert found(web, "invoice+data.title:three") == [1]
        assert b"Found in the index" in web.get("/jobs?q=invoice").body
        assert b"Found in the index" not in web.get("/jobs?q=type:sms").body


def test_a_search_reads_piece_after_piece_until_it_has_enough_or_is_stopped(
    chromium: "Browser", web: WebServer, client: Any
) -> None:
    seed(client, 1, 12_000, data=lambda id: '{"to":"ana"}' if id <= 130 else '{"to":"kim"}')
    with visiting(chromium, web, "/jobs?q=ana") as visit:
        page = visit.page
        expect(page.locator("[data-role=pages]")).to_contain_text("100 found", timeout=30_000)
        page.get_by_role("button", name="Look for more").click()
        expect(page.locator("[data-role=pages]")).to_contain_text("130 found, 12,000 of 12,000 read")
        expect(page.locator("tr[data-id]")).to_have_count(130)
        expect(page.locator("#find")).to_have_value("ana")
    with visiting(chromium, web, "/jobs?q=nobody") as visit:
        page = visit.page
        held: list[Any] = []

        def hold(route: Any) -> None:
            held.append(route)

        page.route("**/jobs?q=nobody&part=rows*", hold)
        page.reload()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Look for more")).to_be_visible()
        expect(page.locator("[data-role=pages]")).to_contain_text(re.compile(r"^0 found, [\d,]+ of 12,000 read"))
        page.unroute("**/jobs?q=nobody&part=rows*")
        page.get_by_role("button", name="Look for more").click()
        expect(page.locator("[data-role=so-far]")).to_have_text("No job was found: 12,000 were read.", timeout=30_000)
        visit.problems.clear()


def test_what_is_looked_for_is_shown_as_text(chromium: "Browser", web: WebServer, client: Any) -> None:
    seed(client, 1, 1)
    with visiting(chromium, web, "/", viewport={"width": 390, "height": 844}) as visit:
        page = visit.page
        page.keyboard.press("/")
        expect(page.locator("#find")).to_be_focused()
        page.keyboard.insert_text(HOSTILE.replace("\x00", ""))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(
            "Jobs with </td><script>alert(1)</script>⟨U+202E⟩gpj"
        )
        assert_fits(visit)
