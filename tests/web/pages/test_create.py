"""The form for new jobs in a browser: it says what is wrong beside each field, and creates what was entered."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

import kue
from kue.options.job import JOB_OPTIONS
from kue.web.pages.job_form import _HINTS, OPTION_FIELDS
from tests.helpers import keyspace
from tests.web.pages.looking import HOSTILE, assert_sound, post_form, served_to, visiting
from tests.web.server import Answer, WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.node]


def send(web: WebServer, **fields: str) -> Answer:
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    return web.ask("POST", "/create", headers, urlencode(fields).encode())


def test_every_option_that_a_job_keeps_has_a_field(web: WebServer) -> None:
    shown = {row.name for row in OPTION_FIELDS}
    assert shown == _HINTS.keys() == JOB_OPTIONS.keys() - {"events", "hotjob", "hotjob_timeout"}
    page = web.get("/create").body.decode()
    assert [name for name in shown if f' name="{name}"' not in page] == []


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_job_is_created_with_its_data_and_options(
    chromium: "Browser", web: WebServer, queue: kue.Queue, script: bool
) -> None:
    with visiting(chromium, web, "/create", java_script_enabled=script) as visit:
        page = visit.page
        page.get_by_label("Type").fill("video/mp4?x=1")
        page.get_by_label("Data").fill('{"n": 12345678901234567890123,\n "to": ["ana"]}')
        page.get_by_label("Priority").fill("high")
        page.get_by_label("Attempts").fill("3")
        page.get_by_label("Backoff").fill('{"type": "fixed", "delay": 500}')
        page.get_by_text("More options").click()
        page.get_by_label("Unique").fill("12")
        page.get_by_label("Remove on fail").check()
        page.get_by_role("button", name="Create").click()
        page.get_by_text("The job was created.").wait_for()
        assert page.locator(".about").inner_text().split("\n")[:2] == ["Queued", "video/mp4?x=1"]
    job = queue.get(1)
    assert (job.type, job.data) == ("video/mp4?x=1", {"n": 12345678901234567890123, "to": ["ana"]})
    assert (job.priority(), job.attempts(), job.backoff()) == (-10, 3, {"type": "fixed", "delay": 500})
    assert (job.options["unique"].key, job.remove_on_fail(), job.ttl()) == ("12", True, None)


WRONG = [
    ("type", "", "Type must"),
    ("type", "*", "Type"),
    ("data", '{"a": 1,}', "It is not JSON"),
    ("data", "[" * 200 + "]" * 200, "It is nested more than 100 deep"),
    ("data", '"\\ud800"', "It has half a surrogate pair"),
    ("priority", "urgent", "Priority must be a whole number or one of"),
    ("attempts", "0", "Attempts must"),
    ("backoff", "function () {}", "Backoff must"),
    ("delay", "-1", "Delay must"),
    ("ttl", "soon", "Ttl must"),
    ("search_keys", "{}", "Search_keys must"),
    ("ghost_retries", "1.5", "Ghost_retries must"),
    ("count", "101", "It must be a whole number from 1 to 100"),
    ("count", "0", "It must be a whole number from 1 to 100"),
    ("count", "many", "It must be a whole number from 1 to 100"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    web: WebServer, client: Any, name: str, text: str, said: str
) -> None:
    answer = send(web, **{"type": "email", "data": '{"kept": "as it was"}', "attempts": "7", name: text})
    page = answer.body.decode()
    assert answer.status == 422
    place = page.partition(f'id="{name}-error">')[2]
    assert place.startswith(f"<bdi>{said}"), place[:100]
    assert page.count('aria-invalid="true"') == 1
    assert name == "data" or "{&#34;kept&#34;: &#34;as it was&#34;}" in page
    assert name == "attempts" or 'name="attempts" value="7"' in page
    assert keyspace(client) == {}


def test_several_faults_are_said_together(chromium: "Browser", web: WebServer, client: Any) -> None:
    with visiting(chromium, web, "/create", java_script_enabled=False) as visit:
        visit.page.get_by_label("Type").fill("*")
        visit.page.get_by_label("Data").fill("{")
        visit.page.get_by_role("button", name="Create").click()
        assert visit.page.get_by_role("alert").inner_text() == "Look at type, data."
        assert visit.page.locator(".wrong:visible").count() == 2
        visit.problems.clear()  # the status is 422, which browsers note
    assert keyspace(client) == {}


def test_the_data_is_checked_while_one_types(chromium: "Browser", web: WebServer, client: Any) -> None:
    with visiting(chromium, web, "/create") as visit:
        data, wrong = visit.page.get_by_label("Data"), visit.page.locator("#data-error")
        data.press_sequentially('{"a":')
        wrong.get_by_text("It is not JSON").wait_for()
        assert data.get_attribute("aria-invalid") == "true"
        data.press_sequentially("1}")
        wrong.wait_for(state="hidden")


def test_a_hundred_jobs_that_are_the_same_are_created_at_once(web: WebServer, queue: kue.Queue) -> None:
    answer = send(web, type="a b/ü", count="100", data="[1]")
    assert (answer.status, answer.headers["location"]) == (303, "/inactive?type=a%20b%2F%C3%BC")
    assert queue.inactive_count("a b/ü") == 100
    assert send(web, type="later", count="2", delay="60000").headers["location"] == "/delayed?type=later"
    assert queue.delayed_count("later") == 2


def test_the_job_that_holds_a_unique_key_is_shown_instead(web: WebServer, queue: kue.Queue) -> None:
    queue.create("email", unique="order-7").save()
    answer = send(web, type="email", unique="order-7")
    assert answer.headers["location"] == "/jobs/1?note=existing"
    assert b"holds the unique key already" in web.get("/jobs/1?note=existing").body
    assert queue.inactive_count() == 1


def test_a_job_is_duplicated_by_the_form_that_it_fills(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    data = {"n": 12345678901234567890123, "title": "To ana \u202e"}
    queue.create("email", data, priority=-3, ttl=5000, remove_on_complete=True).save()
    with visiting(chromium, web, "/jobs/1") as visit:
        visit.page.get_by_role("link", name="Duplicate").click()
        assert json.loads(visit.page.get_by_label("Data").input_value()) == data
        assert "\u202e" not in visit.page.get_by_label("Data").input_value()
        visit.page.get_by_role("button", name="Create").click()
        visit.page.wait_for_url("**/jobs/2")
    found = queue.get(2)
    assert (found.data, found.priority(), found.ttl(), found.remove_on_complete()) == (data, -3, 5000, True)


def test_a_duplicate_says_that_secrets_are_missing(web: WebServer, queue: kue.Queue) -> None:
    queue.create("email", {"password": "hunter2"}).save()
    page = web.get("/create?from=1").body
    assert b"hunter2" not in page
    assert b"Some values are hidden, since they look like secrets." in page
    assert b"There is no job 9 any more." in web.get("/create?from=9").body


def test_the_form_fits_and_is_accessible_whatever_it_is_filled_with(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    queue.create(HOSTILE, {HOSTILE: HOSTILE}, attempts=2).save()
    assert_sound(chromium, web, "/create?from=1")


def test_creating_needs_its_permission(queue: kue.Queue, client: Any) -> None:
    queue.create("email", {"title": "secret"}).save()
    before = keyspace(client)
    with served_to(queue, "read", "data", "retry", "remove") as web:
        assert web.get("/create").status == 403
        assert post_form(web, "/create", type="email") == 403
    with served_to(queue, "read", "create") as web:
        assert b"secret" not in web.get("/create?from=1").body
    assert keyspace(client) == before


def test_a_foreign_page_cannot_send_the_form(web: WebServer, client: Any) -> None:
    form = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "https://evil.example")]
    assert web.ask("POST", "/create", form, b"type=email").status == 403
    assert web.ask("POST", "/create", [("Content-Type", "text/plain")], b"type=email").status == 415
    assert keyspace(client) == {}
