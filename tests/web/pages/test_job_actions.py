"""What the buttons of a job do, with a script and without, and the way from a job to the next one of its list."""

from typing import TYPE_CHECKING, Any

import pytest

import kue
import kue.web
from tests.helpers import keyspace
from tests.web.pages.looking import post_form, served_to, visiting
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.node]
ACTIONS = {"retry": "retry", "promote": "retry", "first": "retry", "cancel": "cancel", "remove": "remove"}
BUTTONS = {
    "inactive": ["Run now", "Remove"],
    "active": ["Cancel", "Remove"],
    "delayed": ["Run now", "Remove"],
    "failed": ["Retry", "Remove"],
    "complete": ["Run again", "Remove"],
}


def in_state(queue: kue.Queue, state: str) -> kue.Job:
    job = queue.create("email", {"title": "To ana"}).save()
    return job if state == "inactive" else getattr(job, state)()


@pytest.mark.parametrize("state", BUTTONS)
def test_each_state_has_its_buttons(web: WebServer, queue: kue.Queue, state: str) -> None:
    in_state(queue, state)
    page = web.get("/jobs/1").body.decode()
    verbs = [part.partition('"')[0] for part in page.split('data-verb="')[1:]]
    assert verbs == BUTTONS[state]


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [("delayed", "Run now", "inactive"), ("failed", "Retry", "inactive"), ("complete", "Run again", "inactive")],
)
def test_a_job_is_queued_from_its_page(
    chromium: "Browser", web: WebServer, queue: kue.Queue, state: str, verb: str, after: str, script: bool
) -> None:
    in_state(queue, state)
    with visiting(chromium, web, "/jobs/1", java_script_enabled=script) as visit:
        visit.page.get_by_role("button", name=verb).click()
        visit.page.locator(".about .pill", has_text="Queued").wait_for()
        assert visit.page.url.endswith("/jobs/1")
        if script:
            visit.page.locator(".toast", has_text="Job 1 is queued").wait_for()
            visit.page.locator("#main:focus, .actions :focus").wait_for()
    assert queue.get(1).state() == after


def test_a_queued_job_is_put_in_front_of_all_others_of_its_type(web: WebServer, queue: kue.Queue, client: Any) -> None:
    for priority in (0, "critical", -40, 5):
        queue.create("email", priority=priority).save()
    queue.create("other", priority=-900).save()
    assert post_form(web, "/jobs/4/first") == 303
    assert queue.get(4).priority() == -41
    assert client.zrange("q:jobs:email:inactive", 0, 0) == [b"01|4"]


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_job_is_removed_only_if_the_reader_is_sure(
    chromium: "Browser", web: WebServer, queue: kue.Queue, script: bool
) -> None:
    in_state(queue, "failed")
    with visiting(chromium, web, "/jobs/1", java_script_enabled=script) as visit:
        page = visit.page
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("heading", name="Remove job 1").wait_for()
        assert queue.failed_count() == 1
        sure = page.get_by_role("dialog") if script else page.locator("main")
        sure.get_by_role("button", name="Remove").click()
        page.get_by_text("The job was removed").first.wait_for()
    assert queue.failed_count() == 0


def test_a_dialog_that_is_closed_does_nothing(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    in_state(queue, "failed")
    with visiting(chromium, web, "/jobs/1") as visit:
        visit.page.keyboard.press("#")
        dialog = visit.page.get_by_role("dialog", name="Remove job 1?")
        dialog.wait_for()
        assert "To ana" in dialog.inner_text()
        visit.page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        visit.page.keyboard.press("r")
        visit.page.locator(".toast", has_text="Job 1 is queued again.").wait_for()
    assert (queue.failed_count(), queue.inactive_count()) == (0, 1)


def test_what_was_not_done_is_said_on_the_page(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    job = in_state(queue, "failed")
    said = "Job 1 is active, so it cannot be run again. Cancel it first."
    with visiting(chromium, web, "/jobs/1", java_script_enabled=False) as visit:
        job.active()
        visit.page.get_by_role("button", name="Retry").click()
        assert visit.page.get_by_role("alert").inner_text() == said
        assert visit.page.locator(".about .pill").inner_text() == "Active"
        visit.problems.clear()  # the status is 409, which browsers note
    job.failed()
    with visiting(chromium, web, "/jobs/1") as visit:
        visit.page.route("**/api/v1/events*", lambda route: route.abort())
        job.active()
        visit.page.locator("form[data-action=retry] button").evaluate("it => it.click()")
        visit.page.locator(".toast.error", has_text=said).wait_for()
        visit.problems.clear()


def test_what_a_node_worker_runs_is_not_cancelled(web: WebServer, queue: kue.Queue, client: Any) -> None:
    in_state(queue, "active")
    client.hset("q:job:1", "workerId", "kue:web-2:30114:email:1")
    before = keyspace(client)
    answer = web.ask("POST", "/jobs/1/cancel", [("Content-Type", "application/x-www-form-urlencoded")], b"")
    assert answer.status == 409
    assert b"Node (or release 0.1) has it" in answer.body
    assert keyspace(client) == before


@pytest.mark.parametrize(("action", "permission"), ACTIONS.items())
def test_each_form_needs_its_permission(queue: kue.Queue, client: Any, action: str, permission: str) -> None:
    in_state(queue, "delayed")
    before = keyspace(client)
    others = [name for name in kue.web.PERMISSIONS if name != permission]
    with served_to(queue, *others) as web:
        assert post_form(web, f"/jobs/1/{action}", sure="yes") == 403
    assert keyspace(client) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_done_with_a_job_that_is_gone_finds_none(web: WebServer, client: Any, action: str) -> None:
    assert post_form(web, f"/jobs/7/{action}", sure="yes") == 404
    assert keyspace(client) == {}


def test_a_foreign_page_cannot_send_the_forms(web: WebServer, queue: kue.Queue) -> None:
    in_state(queue, "failed")
    form = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "https://evil.example")]
    assert web.ask("POST", "/jobs/1/remove", form, b"sure=yes").status == 403
    assert queue.failed_count() == 1


def test_the_keys_lead_through_the_list_that_one_came_from(
    chromium: "Browser", web: WebServer, queue: kue.Queue
) -> None:
    for _ in range(3):
        in_state(queue, "failed")
    with visiting(chromium, web, "/failed?type=email") as visit:
        page = visit.page
        page.locator("td.job a bdi").nth(1).click()
        page.wait_for_url("**/jobs/2")
        page.get_by_role("link", name="Next").wait_for()
        page.keyboard.press("]")
        page.wait_for_url("**/jobs/1")
        page.get_by_role("link", name="Previous").wait_for()
        page.keyboard.press("[")
        page.wait_for_url("**/jobs/2")
        page.locator("[data-role=list]").click()
        page.wait_for_url("**/failed?type=email")


def test_a_program_is_copied(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    queue.create("email", {"n": 12345678901234567890123}).save()
    with visiting(chromium, web, "/jobs/1") as visit:
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visit.page.get_by_role("link", name="Copy as").click()
        visit.page.get_by_role("button", name="Copy JSON").click()
        visit.page.locator(".toast", has_text="Copied.").wait_for()
        copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied == '{\n  "type": "email",\n  "data": {\n    "n": 12345678901234567890123\n  }\n}'


def test_nobody_is_asked_about_the_removal_of_what_is_no_job(web: WebServer) -> None:
    assert [post_form(web, f"/jobs/{id}/remove") for id in ("0", "x", "..%2Fpause", "1%22")] == [404] * 4
