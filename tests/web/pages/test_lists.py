"""The lists of jobs: what they show in each state, how their pages follow, who may see what, and without a script."""

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

import kue
import kue.web
from kue.common import strict_json
from tests.browser import expect
from tests.web.asgi import ask
from tests.web.pages.axe import assert_accessible
from tests.web.pages.looking import HOSTILE, assert_fits, assert_sound, post_form, served_to, visiting
from tests.web.pages.seeding import AT, seed
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.node]


def ids(text: str) -> list[int]:
    return [int(id) for id in re.findall(r'<tr role="row" data-id="(\d+)"', text)]


def got(web: WebServer, path: str) -> str:
    answer = web.get(path)
    assert answer.status == 200, answer.body
    return answer.body.decode()


def cells(text: str, id: int) -> dict[str, str]:
    """What each cell of a row says, by the last of its classes."""
    row = re.search(rf'data-id="{id}".*?</tr>', text, re.S)
    assert row is not None
    found = re.findall(r'<td role="cell" class="([^"]*)">(.*?)</td>', row[0], re.S)
    return {name.split()[-1]: html.unescape(re.sub("<.*?>", "", cell)).strip() for name, cell in found}


@pytest.mark.parametrize(("path", "first", "last"), [("/failed", 250, 151), ("/failed?order=oldest", 1, 100)])
def test_the_first_answer_has_a_hundred_rows_and_its_links_lead_to_the_others(
    web: WebServer, client: Any, path: str, first: int, last: int
) -> None:
    seed(client, 1, 250)
    text = got(web, path)
    step = -1 if first > last else 1
    assert ids(text) == list(range(first, last + step, step))
    found = ids(text)
    while following := re.search(r'rel="next" href="([^"]*)"', text):
        text = got(web, html.unescape(following[1]))
        found += ids(text)
    assert sorted(found) == list(range(1, 251))
    assert "201 to 250 of 250" in text


def test_a_list_with_a_filter_is_walked_by_its_links(web: WebServer, client: Any) -> None:
    seed(client, 1, 230, error=lambda id: f"refused {id}" if id % 2 else "gone")
    text, found = got(web, "/failed?alike=refused+%23"), []
    while True:
        found += ids(text)
        following = re.search(r'rel="next" href="([^"]*)"', text)
        if following is None:
            break
        text = got(web, html.unescape(following[1]))
    assert found == list(range(229, 0, -2))


@pytest.mark.parametrize(
    ("state", "fields", "shown"),
    [
        ("inactive", {"priority": -10}, {"priority": "high (-10)"}),
        ("active", {"progress": 64, "workerId": "kue:a:7-beef0001:email:1"}, {"progress": "64%"}),
        ("active", {"workerId": "kue:a:7-beef0001:email:1"}, {"worker": "a · 7"}),
        ("active", {"workerId": "kue:a:7:email:1"}, {"worker": "a · 7"}),
        ("active", {"workerId": "mine", "progress": None}, {"worker": "mine", "progress": "0%"}),
        ("delayed", {"promote_at": AT - 1}, {"due": "now", "why": "asked for"}),
        ("delayed", {"attempts": 2, "error": "refused\n at x"}, {"why": "retry 2 after “refused”"}),
        ("failed", {"attempts": 3, "max_attempts": 3, "error": "refused\n at x"}, {"error": "refused", "tries": "3/3"}),
        ("complete", {"result": '{"ok": true}', "duration": 1900}, {"result": '{"ok":true}', "ran": "1.9 s"}),
    ],
)
def test_each_state_has_columns_of_its_own(
    web: WebServer, client: Any, state: str, fields: dict[str, Any], shown: dict[str, str]
) -> None:
    seed(client, 7, 1, state, **fields)
    found = cells(got(web, f"/{state}"), 7)
    assert {name: found[name] for name in shown} == shown
    assert {name: found[name] for name in ("id", "type")} == {"id": "7", "type": "email"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [2, 3, 1]),  # the delayed job that is due first comes first
        ("?order=newest", [3, 2, 1]),
        ("?order=oldest", [1, 2, 3]),
        ("?type=sms", [2, 1]),
        ("?due=60000", [2]),
        ("?order=nonsense", [2, 3, 1]),
    ],
)
def test_delayed_jobs_are_in_the_order_in_which_they_are_due(
    web: WebServer, client: Any, query: str, expected: list[int]
) -> None:
    due = {1: 9 * AT, 2: AT // 2, 3: 3 * AT}
    for id, type in ((1, "sms"), (2, "sms"), (3, "email")):
        seed(client, id, 1, "delayed", type, promote_at=due[id])
    assert ids(got(web, f"/delayed{query}")) == expected


def test_active_jobs_are_in_the_order_in_which_they_began(web: WebServer, client: Any) -> None:
    began = {1: AT, 2: AT - 9, 3: AT + 9}
    seed(client, 1, 3, "active", started_at=began.__getitem__)
    assert ids(got(web, "/active")) == [2, 1, 3]
    assert ids(got(web, "/active?worker=nobody")) == []


def test_a_set_with_many_priorities_has_its_own_order_and_the_menu_says_why(web: WebServer, client: Any) -> None:
    seed(client, 1, 40, priority=lambda id: -id)
    text = got(web, "/failed")
    assert ids(text) == list(range(40, 0, -1))
    assert "more than 32 priorities" in text
    assert "Newest first" not in text


def test_an_empty_list_says_what_there_is_instead(web: WebServer, client: Any) -> None:
    seed(client, 1, 3, "complete")
    assert "No failed jobs. 3 completed." in got(web, "/failed")
    filtered = got(web, "/complete?type=sms")
    assert "No complete job fits type <bdi>sms</bdi>." in filtered
    assert "Clear filters" in filtered


def test_a_type_may_begin_and_end_with_spaces(web: WebServer, client: Any) -> None:
    for id, type in ((1, "email"), (2, " email"), (3, "email "), (4, " ")):
        seed(client, id, 1, type=type)
    found = [ids(got(web, f"/failed?type={type}")) for type in ("email", "+email", "email+", "+")]
    assert found == [[1], [2], [3], [4]]


def test_the_menu_of_messages_leaves_out_jobs_without_one(web: WebServer, client: Any) -> None:
    seed(client, 1, 16)  # another number than in other tests: by it the server sees that there are other failures
    seed(client, 17, 1, error="refused")
    menu = re.search(r'<select name="alike".*?</select>', got(web, "/failed"), re.S)
    assert menu is not None
    assert re.findall(r"<option[^>]*>(.*?)<", menu[0]) == ["all", "1 × refused"]


def test_without_the_permission_data_titles_errors_and_results_are_hidden(queue: kue.Queue, client: Any) -> None:
    seed(client, 1, 1, "failed", error="secret", data='{"title":"secret"}')
    seed(client, 2, 1, "complete", result='"secret"', data='"secret"')
    with served_to(queue, "read") as web:
        for path in ("/failed", "/complete", "/jobs", "/failed?part=rows"):
            text = got(web, path)
            assert "secret" not in text
            assert "hidden" in cells(text, 2 if path == "/complete" else 1)["job"]
        assert web.get("/jobs?q=secret").status == 403
        assert web.get("/failed?alike=secret").status == 403


def test_what_a_user_may_not_do_is_absent(queue: kue.Queue, client: Any) -> None:
    seed(client, 1, 2)
    with served_to(queue, "read", "data", "remove") as web:
        text = got(web, "/failed")
        assert 'name="retry"' not in text
        assert 'data-bulk="retry"' not in text
        assert 'data-bulk="remove"' in text
        assert post_form(web, "/failed", retry="1") == 403
    with served_to(queue, *kue.web.PERMISSIONS, read_only=True) as web:
        assert "data-bulk" not in got(web, "/failed")
        assert post_form(web, "/failed", retry="1") == 403
    assert client.hget("q:job:1", "state") == b"failed"


@pytest.mark.parametrize("form", ["", "remove=1", "retry=1&promote=1", "retry=x"])
def test_a_form_that_no_row_has_is_refused(web: WebServer, client: Any, form: str) -> None:
    seed(client, 1, 1)
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    assert web.ask("POST", "/failed", headers, form.encode()).status in (404, 422)
    assert client.hget("q:job:1", "state") == b"failed"


@pytest.mark.parametrize(
    "path", ["/failed?state=x", "/jobs?state=x", "/failed?from=x", "/failed?type=*", "/jobs?cursor=x&q=y"]
)
def test_a_parameter_that_is_none_of_its_kind_is_refused_or_ignored(queue: kue.Queue, client: Any, path: str) -> None:
    answer = ask(kue.web.app(queue, auth=kue.web.open_access), "GET", path)
    assert answer.status == (200 if path == "/failed?state=x" else 422)


def test_below_a_prefix_all_addresses_of_a_list_begin_with_it(queue: kue.Queue, client: Any) -> None:
    seed(client, 1, 150)
    app = kue.web.app(queue, auth=kue.web.open_access)
    with WebServer(app, root_path="/ops") as web:
        text = got(web, "/failed?order=oldest")
        own = [address for address in re.findall(r'(?:href|action)="(/[^"]*)"', text)]
        assert [address for address in own if not address.startswith("/ops/")] == []
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        answer = web.ask("POST", "/failed?order=oldest&from=100", headers, b"retry=101")
        assert (answer.status, answer.headers["location"]) == (303, "/ops/failed?order=oldest&from=100")


def test_a_list_can_be_read_and_a_job_changed_without_a_script(
    chromium: "Browser", web: WebServer, queue: kue.Queue, client: Any
) -> None:
    seed(client, 1, 150)
    with visiting(chromium, web, "/failed?order=oldest", java_script_enabled=False) as visit:
        page = visit.page
        page.get_by_role("link", name="Next").click()
        expect(page.locator("tr[data-id]").first).to_have_attribute("data-id", "101")
        page.get_by_role("button", name="Retry job 103").click()
        expect(page.locator("tr[data-id]")).to_have_count(49)
        assert page.url.endswith("/failed?order=oldest&from=100")
        page.get_by_label("Type").select_option("email")
        page.get_by_role("button", name="Show", exact=True).click()
        assert "type=email" in page.url
    assert client.hget("q:job:103", "state") == b"inactive"


def seed_hostile(client: Any, state: str) -> None:
    """Jobs that are hard to show: markup in every field, data that is no JSON, no numbers, and much data."""
    title = strict_json.dumps({"title": HOSTILE})
    texts = {"error": HOSTILE, "workerId": HOSTILE, "result": title, "progress": 40, "attempts": 1, "duration": 5}
    seed(client, 1, 2, state, HOSTILE, data=title, **texts)
    seed(client, 3, 1, state, data="no JSON", priority="x", created_at="x", progress="x", updated_at=None)
    seed(client, 4, 1, state, data=strict_json.dumps("x" * 300_000))


def test_a_list_is_accessible_in_both_schemes_whatever_its_jobs_hold(
    chromium: "Browser", web: WebServer, client: Any
) -> None:
    seed_hostile(client, "failed")
    assert_sound(chromium, web, "/failed")


@pytest.mark.parametrize("state", ["inactive", "active", "delayed", "complete"])
def test_every_list_fits_on_a_narrow_screen(chromium: "Browser", web: WebServer, client: Any, state: str) -> None:
    seed_hostile(client, state)
    with visiting(chromium, web, f"/{state}", viewport={"width": 320, "height": 640}) as visit:
        expect(visit.page.locator(".list.alive tr[data-id]")).to_have_count(4)
        assert_fits(visit)
        assert_accessible(visit.page)


def test_hostile_values_are_shown_as_text(chromium: "Browser", web: WebServer, client: Any) -> None:
    seed(client, 1, 1, "failed", HOSTILE, data=strict_json.dumps({"title": HOSTILE}), error=HOSTILE)
    with visiting(chromium, web, "/failed") as visit:
        row = visit.page.locator("tr[data-id='1']")
        for cell in ("job", "error", "type"):
            text = row.locator(f"td.{cell}").inner_text()
            assert "</td><script>alert(1)</script>⟨U+202E⟩gpj" in text, cell
