"""kue-ui from npm, a front end for Kue's HTTP API, in a real browser and before our server."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import kue
import kue.web
from tests.browser import Visit, browser
from tests.conftest import absent
from tests.helpers import wait_until
from tests.interop.node import HERE as INTEROP
from tests.interop.node import what_is_missing
from tests.processes import end, tied, unmeasured
from tests.servers import RedisServer
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.node
SCRIPT = Path(__file__).parent / "kue_ui.js"
# kue-ui has habits: a `?` with nothing behind it, 21 jobs for a page of 20, and a type without a state.
REQUESTS = {
    "GET /stats",
    "GET /job/types/",
    "GET /jobs/video%20conversion/failed/stats",
    "GET /jobs/inactive/20..40/asc?",
    "GET /jobs/email/complete/0..20/asc?",
    "GET /jobs/email/0..20/asc?",
    "PUT /job/26/state/inactive",
    "DELETE /job/1/",
}


class Ui(NamedTuple):
    """kue-ui in a browser, the queue that it shows, and the address of the API that it asks."""

    visit: Visit
    url: str
    queue: kue.Queue
    api: str

    def asked(self) -> dict[str, int]:
        """The requests of kue-ui to our server, but for what a browser asks beforehand, with the statuses."""
        answers = [(method, url, status) for method, url, status in self.visit.answers if method != "OPTIONS"]
        return {
            f"{method} {url.removeprefix(self.api)}": status
            for method, url, status in answers
            if url.startswith(f"{self.api}/")
        }


class Later:
    """An app that is made after its server, since its settings name the server of another."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def ui() -> Iterator[Ui]:
    missing = what_is_missing()
    if missing or not (INTEROP / "node_modules" / "kue-ui").is_dir():
        absent(missing or "kue-ui is not installed: `npm ci` in tests/interop installs it (package npm)")
    later = Later()
    with (
        browser() as chromium,
        RedisServer() as redis,
        kue.Queue(redis=redis.url) as queue,
        WebServer(later) as web,
    ):
        api = f"http://127.0.0.1:{web.port}"
        environment = unmeasured() | {"NODE_PATH": str(INTEROP / "node_modules")}
        node = subprocess.Popen(tied(["node", str(SCRIPT), api]), env=environment, stdout=subprocess.PIPE)
        try:
            assert node.stdout is not None
            origin = f"http://127.0.0.1:{int(node.stdout.readline())}"
            later.app = kue.web.app(queue, auth=kue.web.open_access, allowed_origins=[origin])
            yield Ui(Visit(chromium, viewport={"width": 1280, "height": 1000}), f"{origin}/ui", queue, api)
        finally:
            end(node)
            node.communicate()


def test_kue_ui_shows_restarts_and_removes_jobs(ui: Ui) -> None:
    page, queue = ui.visit.page, ui.queue
    queue.save_all(queue.create("email", {"title": f"mail {n}"}) for n in range(1, 26))
    film = queue.create("video conversion", {"title": "a film"}).save()
    film.failed()
    film.error(ValueError("no such codec"))
    rows = page.locator(".table-row")

    def state(name: str, count: int) -> "Locator":
        """The line of the menu for a state, once it has this count."""
        return page.locator("a[href*='/jobs/state/']", has_text=re.compile(rf"^\s*{name}\s+{count}\s*$"))

    page.goto(f"{ui.url}/")
    state("inactive", 25).wait_for()
    page.locator(".item", has_text=re.compile(r"video conversion\s+1")).wait_for()
    page.get_by_text("video conversion > failed: 1").wait_for()

    # A state, its pages, and a job with its data.
    state("inactive", 25).click()
    rows.nth(20).wait_for()
    assert rows.first.inner_text().split()[:3] == ["1", "email", "inactive"]
    page.get_by_text("Next").click()
    wait_until(lambda: [row.split()[0] for row in rows.all_inner_texts()] == ["21", "22", "23", "24", "25"])
    rows.last.click()
    page.get_by_text('"mail 25"').wait_for()
    page.get_by_text("Previous").click()  # the next list begins where this one is

    # A job that has failed is queued again, and a worker runs it.
    state("failed", 1).click()
    rows.filter(has_text="video conversion").click()
    page.get_by_text("no such codec").first.wait_for()
    page.locator(".job-detail select").select_option("inactive")
    state("inactive", 26).wait_for()
    queue.process("video conversion", lambda job: job.data["title"])
    state("complete", 1).wait_for()

    # A type: in all its states, in one, and one of its jobs is removed.
    page.goto(f"{ui.url}/jobs/type/email")
    rows.nth(20).wait_for()
    rows.first.click()
    page.get_by_text("Delete").click()
    state("inactive", 24).wait_for()
    page.locator(".sub-item:visible", has_text="complete").click()
    page.get_by_text("No results").wait_for()

    assert queue.inactive_count("email") == 24
    assert queue.get(film.id).result == "a film"
    assert ui.visit.problems == []
    asked = ui.asked()
    assert set(asked.values()) == {200}
    assert asked.keys() >= REQUESTS
