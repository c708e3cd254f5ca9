"""The page of help in a browser: the keys, the switch that turns them off, and the colours."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import browser
from tests.helpers import wait_until
from tests.web.pages.looking import assert_sound, visiting
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.node]


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with browser() as found:
        yield found


def test_the_page_fits_and_is_accessible(chromium: "Browser", web: WebServer) -> None:
    assert_sound(chromium, web, "/help")


def test_every_key_of_the_frame_is_listed(chromium: "Browser", web: WebServer) -> None:
    with visiting(chromium, web, "/help") as visit:
        listed = {text.replace("\n", " ") for text in visit.page.locator(".key-lists .key").all_inner_texts()}
        visit.page.keyboard.press("?")
        dialog = visit.page.get_by_role("dialog", name="Keys")
        dialog.wait_for()
        acting = {" ".join(text.split()) for text in dialog.locator("dt").all_inner_texts()}
        assert acting and acting <= listed


def test_one_switch_turns_all_keys_off(chromium: "Browser", web: WebServer) -> None:
    with visiting(chromium, web, "/help") as visit:
        page = visit.page
        page.get_by_label("Keys act").uncheck()
        page.locator("h1").click()
        page.keyboard.press("g")
        page.keyboard.press("w")
        page.keyboard.press("?")
        assert page.get_by_role("dialog").count() == 0 and page.url.endswith("/help")
        page.reload()
        page.get_by_label("Keys act").check()
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys").wait_for()


def test_the_colours_are_chosen_and_kept(chromium: "Browser", web: WebServer) -> None:
    with visiting(chromium, web, "/help") as visit:
        page = visit.page
        button = page.locator("main").get_by_role("button", name="Colours")
        for choice in ("light", "dark"):
            button.click()
            wait_until(lambda choice=choice: page.locator("html").get_attribute("data-theme") == choice)
        page.reload()
        assert page.locator("html").get_attribute("data-theme") == "dark"
        button.click()
        wait_until(lambda: page.locator("html").get_attribute("data-theme") is None)


def test_a_link_opens_what_it_leads_to(chromium: "Browser", web: WebServer) -> None:
    with visiting(chromium, web, "/help#schema-Problem") as visit:
        visit.page.locator("#schema-Problem", has_text="detail").wait_for(state="visible")


def test_without_a_script_the_keys_and_addresses_are_there(chromium: "Browser", web: WebServer) -> None:
    with visiting(chromium, web, "/help", java_script_enabled=False) as visit:
        text = visit.page.locator("main").inner_text()
        assert "go to the overview" in text and "GET /api/v1/jobs" in text and "Redis " in text
