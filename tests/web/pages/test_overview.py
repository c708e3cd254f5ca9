"""The overview in a browser: what it shows of an ordinary queue, of an empty one, and of hostile names."""

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import kue
from tests.helpers import wait_until
from tests.web.conftest import Running
from tests.web.pages.axe import assert_accessible
from tests.web.pages.looking import HOSTILE, assert_fits, assert_sound, served_to, visiting
from tests.web.pages.ordinary import now_of
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.slow, pytest.mark.node]


def texts(found: "Locator") -> list[str]:
    return [" ".join(text.split()) for text in found.all_inner_texts()]


def types(page: "Page") -> list[str]:
    return texts(page.locator("table.types tbody th"))


def test_the_page_fits_and_is_accessible(chromium: "Browser", ordinary: Running) -> None:
    assert_sound(chromium, ordinary.web, "/")


def test_it_says_first_what_needs_attention_and_what_helps(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        lines = visit.page.locator(".attention li")
        first, second = texts(lines.locator("p"))
        long = "has a job that has waited for long"
        assert re.fullmatch(rf"email {long} — 30 jobs waiting, the oldest for 1\d m \d\d s", first)
        assert re.fullmatch(rf"video conversion {long} — 6 jobs waiting, the oldest for [3-5] m \d\d s", second)
        assert lines.first.get_attribute("class") == "red"
        assert lines.first.locator("a").get_attribute("href") == "/inactive?type=email"


def test_the_strip_leads_to_the_states_and_tells_one_thing_of_each(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        cells = texts(visit.page.locator(".strip a"))
        assert cells[1] == "Active 8 of 41 slots"
        assert re.fullmatch(r"Queued 38 oldest waits 1\d m \d\d s", cells[0])
        assert re.fullmatch(r"Delayed 13 next in 5\d m \d\d s", cells[2])
        assert "in the last hour" in cells[3] and "a minute" in cells[4]
        assert visit.page.locator(".strip a.failed").get_attribute("href") == "/failed"


def test_it_is_complete_without_a_script(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/", java_script_enabled=False) as visit:
        page = visit.page
        assert types(page)[0] == "email" and page.locator("svg.spark path").count() > 5
        assert texts(page.locator(".legend li"))[0].startswith("completed ")
        page.click("tr[data-type=email] summary")
        assert page.locator("tr[data-type=email] .menu button").first.is_visible()
        page.click("nav.switch a:text-is('48 h')")
        assert page.url.endswith("/?range=48h")
        assert page.locator("nav.switch a[aria-current]").inner_text() == "48 h"


def test_the_types_with_trouble_come_first_and_each_column_sorts(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/?range=48h") as visit:
        page = visit.page
        assert types(page)[:3] == ["email", "video conversion", "report"]
        page.click("table.types th a:text-is('Failed')")
        page.wait_for_url("**/?range=48h&sort=failed")
        assert types(page)[:3] == ["email", "webhook", "video conversion"]
        assert page.locator("th[aria-sort]").inner_text() == "Failed"
        page.click("table.types th a:text-is('p95')")
        page.wait_for_url("**/?range=48h&sort=p95")
        assert types(page)[:2] == ["video conversion", "report"]


def test_the_charts_are_said_in_a_sentence_and_as_a_table(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        page = visit.page
        sentence = page.inner_text("#throughput-sentence")
        assert "failures rose to " in sentence and " a minute at " in sentence
        assert page.get_by_role("img", name=sentence).count() == 1
        page.click("[data-part=throughput] summary")
        assert 57 <= page.locator("[data-part=throughput] tbody tr").count() <= 60  # some minutes may pass meanwhile


def test_the_arrow_keys_tell_the_values_of_each_slot(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        page = visit.page
        page.focus("[data-chart=throughput]")
        page.keyboard.press("Home")
        first = page.locator("[data-part=throughput] tbody tr").first.locator("td").all_text_contents()
        values = page.inner_text("[data-part=throughput] [data-role=values]")
        assert values.endswith(
            ": " + ", ".join(map(" ".join, zip(("completed", "failed", "retried", "created"), first, strict=True)))
        )
        page.keyboard.press("ArrowRight")
        assert page.inner_text("[data-part=throughput] [data-role=values]") != values
        assert page.locator("[data-part=throughput] svg .crosshair").count() == 1
        page.keyboard.press("Tab")
        assert page.locator("[data-part=throughput] [data-role=values]").is_hidden()


def test_the_charts_are_of_one_type_if_it_is_chosen(chromium: "Browser", ordinary: Running) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        page = visit.page
        before = page.inner_text("#latency-sentence")
        page.click("summary:has-text('All types')")
        page.click(".menu ul a:has-text('video conversion')")
        page.wait_for_url("**/?type=video+conversion")
        assert page.inner_text("#latency-sentence") != before
        page.goto(page.url.replace("video+conversion", "none-of-ours"))
        assert page.inner_text("[data-part=latency] .nothing") == "No job has run in this time."


def test_workers_are_shown_with_their_slots_and_node_is_seen_by_its_jobs(
    chromium: "Browser", ordinary: Running
) -> None:
    with visiting(chromium, ordinary.web, "/") as visit:
        page = visit.page
        rows = texts(page.locator("[data-part=workers] .lines li"))
        assert any(
            row.startswith("worker-3a · 4121 email, webhook · python · up 3 d") and row.endswith("3/8") for row in rows
        )
        assert any(row.startswith("web-2 · 30114 thumbnail · node, seen by what it runs") for row in rows)
        assert "Node counts nothing" in page.inner_text(".note")


def test_an_observer_makes_the_charts_whole(ordinary: Running) -> None:
    lock = ordinary.queue.runtime.store.keys.observe_lock
    with ordinary.redis.client() as client:
        client.set(lock, "token", px=60_000)
        try:
            wait_until(lambda: b"Node counts nothing" not in ordinary.web.get("/").body)
        finally:
            client.delete(lock)


def test_an_empty_queue_offers_three_ways_to_a_first_job(chromium: "Browser", web: WebServer, client: Any) -> None:
    client.config_set("save", "3600 1")
    with visiting(chromium, web, "/", viewport={"width": 320, "height": 640}) as visit:
        assert_fits(visit)
        assert_accessible(visit.page)
    with visiting(chromium, web, "/", permissions=["clipboard-read", "clipboard-write"]) as visit:
        page = visit.page
        assert page.inner_text(".quiet") == "All quiet. Nothing waits; no failures in the last hour."
        assert texts(page.locator(".way h3")) == ["Python", "Node", "curl"]
        page.click("[data-copy=first-Python]")
        page.wait_for_selector(".toast:has-text('Copied.')")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.inner_text("#first-Python")
    client.config_set("save", "")


def test_the_line_of_python_creates_the_first_job(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    with visiting(chromium, web, "/") as visit:
        exec(visit.page.inner_text("#first-Python"), {})
        visit.page.wait_for_function("() => document.querySelector('.strip a.queued b').textContent === '1'")
    assert queue.inactive_count() == 1


def test_hostile_names_are_text_and_fit(chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any) -> None:
    name = f"kue:{HOSTILE.replace(':', '-')[:40]}:7-01234567"
    for type in (HOSTILE, "abc\u202egpj", "https://example.com/a?b=c&d=%2F..", "שלום", "队列" * 40):
        queue.create(type, {}).save()
        queue.create(type, {}).save().error(HOSTILE).failed()
    record = {"host": HOSTILE, "pid": 7, "types": json.dumps({HOSTILE: 3})}
    client.hset(f"q:py:worker:{name}", mapping=record)
    client.zadd("q:py:workers", {name: now_of(client) + 3_600_000})
    assert_sound(chromium, web, "/")
    with visiting(chromium, web, "/") as visit:
        assert "abc⟨U+202E⟩gpj" in types(visit.page)
        assert any(name.startswith("</td><script>alert(1)</script>⟨U+202E⟩gpj⟨U+0000⟩") for name in types(visit.page))


def test_of_many_types_fifty_are_shown_and_a_filter_finds_the_others(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    queue.save_all(queue.create(f"type {n:02d}") for n in range(60))
    with visiting(chromium, web, "/") as visit:
        page = visit.page
        assert len(types(page)) == 50
        assert "50 of 60 types are shown" in page.inner_text("[data-part=types] footer")
        page.fill("#find-type", "TYPE 5")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?find=TYPE+5")
        assert sorted(types(page)) == [f"type 5{n}" for n in range(10)]
        page.fill("#find-type", "nothing")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?find=nothing")
        assert page.locator("[data-part=types]").get_by_text("No type has “nothing” in its name.").is_visible()


def test_without_permissions_no_error_is_shown_and_no_button(chromium: "Browser", ordinary: Running) -> None:
    with served_to(ordinary.queue, "read") as web, visiting(chromium, web, "/") as visit:
        assert "The messages are hidden" in visit.page.inner_text("[data-part=failures]")
        assert visit.page.locator("main form[method=post]").count() == 0


def test_a_key_of_the_wrong_kind_hides_no_more_than_what_it_holds(
    chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any
) -> None:
    queue.create("email").save()
    minute = now_of(client) // 60_000 * 60
    for key in ("q:jobs:email:failed", "q:py:workers", "q:py:schedules", f"q:py:stats:m:{minute}:*"):
        client.set(key, "something else")
    with visiting(chromium, web, "/") as visit:
        row = visit.page.locator("tr[data-type=email]")
        assert [row.locator(f"[data-cell={state}]").inner_text() for state in ("inactive", "failed")] == ["1", "—"]
        assert visit.page.inner_text("a[href='/schedules'] .count") == "—"
