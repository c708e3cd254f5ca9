"""The page of a job in a browser: all that is known of it, whatever it holds, also without a script."""

import json
from typing import TYPE_CHECKING, Any

import pytest

import kue
from tests.helpers import keyspace
from tests.web.pages.looking import HOSTILE, assert_sound, served_to, visiting
from tests.web.pages.ordinary import now_of
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.node]
SHOWN = "</td><script>alert(1)</script>⟨U+202E⟩gpj⟨U+0000⟩ & \"quotes\" 'too'"
WORKER = "kue:gpu-1:977-01234567:email:3"


@pytest.fixture
def hostile(queue: kue.Queue, client: Any) -> kue.Job:
    """A failed job with what no field should hold."""
    deep: list[Any] = []
    for _ in range(20):
        deep = [deep]
    data = {"title": HOSTILE, HOSTILE: HOSTILE, "deep": deep, "many": [1] * 60}
    job = queue.create(HOSTILE, data, attempts=5, unique=HOSTILE).save()
    for line in (HOSTILE, "\x1b[31mred\x1b[0m", "", "y" * 20_000):
        job.log("%s", line)
    job.progress(1, 3, {HOSTILE: HOSTILE})
    job.active().error(HOSTILE + "".join(f"\n  at frame {n}" for n in range(2000))).failed()
    run = {
        "run": 1,
        "attempt": 1,
        "outcome": HOSTILE,
        "worker": HOSTILE,
        "start": 5,
        "duration": HOSTILE,
        "error": HOSTILE,
    }
    wrong = {"workerId": HOSTILE, "py_runs": json.dumps([run]), "result": f"no JSON: {HOSTILE}", HOSTILE: HOSTILE}
    client.hset(f"q:job:{job.id}", mapping={**wrong, "py_schedule": HOSTILE, "progress": "nan", "delay": "x"})
    return job


def test_the_page_fits_and_is_accessible_whatever_the_job_holds(
    chromium: "Browser", web: WebServer, hostile: kue.Job
) -> None:
    assert_sound(chromium, web, f"/jobs/{hostile.id}")
    with visiting(chromium, web, f"/jobs/{hostile.id}") as visit:
        visit.page.evaluate("document.querySelectorAll('main details').forEach(it => { it.open = true; })")
        text = visit.page.locator("main").inner_text()
        assert text.count(SHOWN) >= 14
        assert "\u202e" not in text
        assert visit.page.locator("main script, main b").count() == 0


def test_a_long_stack_is_folded(chromium: "Browser", web: WebServer, hostile: kue.Job) -> None:
    with visiting(chromium, web, f"/jobs/{hostile.id}") as visit:
        stack = visit.page.locator(".stack")
        assert "at frame 39\n" in stack.inner_text()
        assert "at frame 40" not in stack.inner_text()
        stack.get_by_text("1,960 more lines").click()
        assert "at frame 1999" in stack.inner_text()
    hostile.error("y" * 30_000)
    with visiting(chromium, web, f"/jobs/{hostile.id}") as visit:
        assert visit.page.locator(".stack").inner_text().count("y") == 41 * 500
        assert visit.page.get_by_label("Copy the error").get_attribute("data-text") == "y" * 30_000


def test_an_active_job_shows_its_runs_on_one_axis_and_its_details(
    chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any
) -> None:
    job = queue.create("email", {"title": "To ana"}, priority="high", attempts=3, ttl=1_200_000)
    job.backoff({"type": "exponential", "delay": 30_000}).save().active()
    now = now_of(client)
    runs = [
        {"run": 1, "attempt": 1, "outcome": "failed", "duration": 78_000, "error": "MemoryError: cannot allocate"},
        {"run": 2, "attempt": 2, "outcome": "ghost", "duration": 126_000, "error": "worker lost"},
    ]
    starts = (now - 558_000, now - 444_000)
    records = [{**run, "worker": WORKER, "start": start} for run, start in zip(runs, starts, strict=True)]
    fields = {
        "created_at": now - 582_000,
        "started_at": now - 288_000,
        "workerId": WORKER,
        "attempts": 1,
        "error": "MemoryError: x",
    }
    client.hset("q:job:1", mapping={**fields, "py_runs": json.dumps(records), "progress": 45})
    with visiting(chromium, web, "/jobs/1") as visit:
        rows = visit.page.locator(".runs tbody tr")
        found = [row.locator("th, .outcome, .figure").all_inner_texts() for row in rows.all()]
        assert [(number, outcome, waited) for number, outcome, waited, _ in found] == [
            ("3", "Running", "30 s"),
            ("2", "Worker lost", "36 s"),
            ("1", "Failed", "24 s"),
        ]
        assert [row[3] for row in found][1:] == ["2 m 06 s", "1 m 18 s"]
        boxes = [row.locator("rect").bounding_box() for row in rows.all()]
        edges = [(box["x"], box["x"] + box["width"]) for box in boxes if box]
        assert edges[2][1] < edges[1][0] < edges[1][1] < edges[0][0]
        details = visit.page.get_by_label("Details").inner_text()
        for words in (
            "high (-10)",
            "1 of 3 used · 1 worker lost",
            "exponential, from 30 s",
            "20 m 00 s · ends",
            WORKER,
        ):
            assert words in details
        assert "Last error\nrun 1" in visit.page.get_by_label("Last error").inner_text()
        assert "3 since" in visit.page.get_by_label("Runs", exact=True).inner_text()
        assert "on gpu-1" in visit.page.locator(".about").inner_text()
        assert visit.page.get_by_role("progressbar").get_attribute("value") == "45"
        assert visit.page.locator("h1").inner_text() == "#1 To ana"
        client.hset("q:job:1", "created_at", now - 9 * 86_400_000)
        visit.page.reload()
        assert visit.page.locator(".labels").evaluate("it => it.scrollWidth <= it.clientWidth")
        visit.page.set_viewport_size({"width": 730, "height": 900})
        axis = visit.page.locator("td.axis").first.bounding_box()
        assert axis and axis["width"] > 300


def test_the_data_is_a_tree_that_folds_without_a_script(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    queue.create("email", {"n": 12345678901234567890123, "many": list(range(60)), "token": "hunter2"}).save()
    with visiting(chromium, web, "/jobs/1", java_script_enabled=False) as visit:
        data = visit.page.get_by_label("Data", exact=True)
        assert '"n": 12345678901234567890123,' in data.inner_text()
        assert "[ 60 items ]" in data.inner_text()
        assert '"token": hidden' in data.inner_text()
        data.get_by_text("60 items").click()
        assert "59" in data.inner_text()
        assert "hunter2" not in visit.page.content()


def test_large_data_is_cut_and_can_be_downloaded_whole(chromium: "Browser", web: WebServer, queue: kue.Queue) -> None:
    value = {"blob": "z" * 300_000, "password": "hunter2"}
    queue.create("email", value).save()
    with visiting(chromium, web, "/jobs/1") as visit:
        text = visit.page.get_by_label("Data", exact=True).inner_text()
        assert "This is the beginning of 300,032 B." in text
        assert 2000 < text.count("z") < 2100
        assert len(visit.page.content()) < 60_000
        with visit.page.expect_download() as download:
            visit.page.get_by_label("Data", exact=True).get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "job-1-data.json"
        assert json.loads(download.value.path().read_text()) == {**value, "password": "hidden"}


@pytest.mark.parametrize(
    ("fields", "gone", "problem", "shown"),
    [
        ({"data": '{"a": <b>'}, (), "its data is not JSON", '{"a": <b>'),
        ({"data": '{"pass\\u0077ord": "hunter2", '}, (), "its data is not JSON", "hidden"),
        ({}, ("type",), "it has no type", '"to"'),
    ],
)
def test_a_job_that_cannot_be_read_shows_what_is_wrong_and_can_be_removed(
    chromium: "Browser",
    web: WebServer,
    queue: kue.Queue,
    client: Any,
    fields: dict[str, str],
    gone: tuple[str, ...],
    problem: str,
    shown: str,
) -> None:
    queue.create("email", {"to": "ana"}).save()
    for name, value in fields.items():
        client.hset("q:job:1", name, value)
    for name in gone:
        client.hdel("q:job:1", name)
    client.hset("q:job:1", "apiKey", "hunter2")
    with visiting(chromium, web, "/jobs/1", java_script_enabled=False) as visit:
        assert problem in visit.page.get_by_label("What is wrong").inner_text()
        assert shown in visit.page.get_by_label("Data", exact=True).inner_text()
        assert "hunter2" not in visit.page.content()
        visit.page.get_by_role("button", name="Remove").click()
        visit.page.get_by_role("button", name="Remove").click()
        assert "The job was removed." in visit.page.locator("main").inner_text()
    assert not client.exists("q:job:1")


def test_a_key_that_holds_something_else_is_named(web: WebServer, client: Any) -> None:
    client.set("q:job:7", "text")
    answer = web.get("/jobs/7")
    assert (answer.status, b"its key is no hash" in answer.body) == (200, True)


@pytest.mark.parametrize("path", ["/jobs/48213", "/jobs/<b>nobody", "/jobs/0", "/jobs/99999999999999999999999"])
def test_a_job_that_is_not_there_is_said_to_be_gone(
    chromium: "Browser", web: WebServer, client: Any, path: str
) -> None:
    client.set("q:ids", 52_190)
    id = path.rpartition("/")[2]
    with visiting(chromium, web, "/") as visit:
        answer = visit.page.goto(f"http://127.0.0.1:{web.port}{path}")
        assert answer is not None and answer.status == 404
        text = visit.page.locator("main").inner_text()
        assert f"There is no job {id}. It was removed, or never existed; ids up to 52,190 were given out." in text
        visit.problems.clear()  # browsers note the status of a page that was not found


def test_a_range_of_jobs_is_still_an_address_of_kue(web: WebServer, queue: kue.Queue) -> None:
    queue.create("email").save()
    assert [job["id"] for job in web.get("/jobs/0..5").json] == [1]


def test_without_the_permission_nothing_of_the_data_is_shown(
    chromium: "Browser", queue: kue.Queue, client: Any
) -> None:
    job = queue.create("email", {"title": "secret"}).save()
    job.log("secret")
    job.progress(1, 2, {"secret": 1})
    job.active().error("secret\nsecret").failed()
    client.hset("q:job:1", mapping={"result": '"secret"', "workerId": WORKER, "started_at": 5})
    before = keyspace(client)
    with served_to(queue, "read") as web, visiting(chromium, web, "/jobs/1") as visit:
        assert "secret" not in visit.page.content()
        assert "hidden" in visit.page.get_by_label("Data", exact=True).inner_text()
        assert "hidden" in visit.page.get_by_label("Log", exact=True).inner_text()
        assert visit.page.locator("main form[method=post]").count() == 0
        for path in ("data", "result", "progress_data", "log"):
            assert web.get(f"/jobs/1/{path}").status == 403
    assert keyspace(client) == before


def test_each_button_needs_its_permission(queue: kue.Queue) -> None:
    queue.create("email").save().active()
    for permission, verb in (
        ("cancel", b"/jobs/1/cancel"),
        ("remove", b"/jobs/1/remove"),
        ("create", b"/create?from=1"),
    ):
        with served_to(queue, "read", "data", permission) as web:
            page = web.get("/jobs/1").body
            assert [word in page for word in (b"/jobs/1/cancel", b"/jobs/1/remove", b"/create?from=1")] == [
                word == verb for word in (b"/jobs/1/cancel", b"/jobs/1/remove", b"/create?from=1")
            ]
