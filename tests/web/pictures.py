"""Takes the pictures of the docs: `python -m tests.web.pictures [FOLDER]` writes them, by default to docs/images.

The queue has a fixed seed, and server and browser stand still at a fixed moment. So a picture changes only if its page
does. The address of Redis is that of an example.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import kue
import kue.web
from kue.web import factory
from tests.browser import Visit, browser
from tests.servers import RedisServer
from tests.web.pages.ordinary import HOUR, MINUTE, SECOND, seed_ordinary
from tests.web.server import WebServer
from tests.web.small_png import small_png

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = Path(__file__).parent.parent.parent / "docs" / "images"
NOW = 1_795_704_730_000  # 26 November 2026, 14:52:10 UTC
REDIS = "redis://10.0.3.7:6379/0"
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
HOST = "kue:worker-3a:4121-012345678"


class Picture(NamedTuple):
    """One picture: its name, the address, the size and the scheme; and what is pressed before it is taken."""

    name: str
    path: str
    size: dict[str, int] = WIDE
    scheme: str = "light"
    press: tuple[str, ...] = ()


class StandingClock:
    """A client of Redis whose clock stands still."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def time(self) -> tuple[int, int]:
        return NOW // 1000, 0


def pictures(job: int) -> list[Picture]:
    return [
        Picture("overview", "/"),
        Picture("failed", "/failed", press=("j", "x", "j", "j", "x", "j", "x")),
        Picture("failures", "/failures"),
        Picture("workers", "/workers", scheme="dark"),
        Picture("phone", "/", PHONE),
        Picture("job", f"/jobs/{job}"),
    ]


def take(folder: Path, *, small: bool = True) -> None:
    """Write all pictures to a folder. To make them small takes some seconds each."""
    folder.mkdir(parents=True, exist_ok=True)
    with served() as (web, job), browser() as chromium:
        for picture in pictures(job):
            path = folder / f"dashboard-{picture.name}.png"
            taken = _taken(chromium, web, picture)
            path.write_bytes(small_png(chromium, taken) if small else taken)
            print(f"{path}: {path.stat().st_size:,} bytes")


def _taken(chromium: "Browser", web: WebServer, wanted: Picture) -> bytes:
    visit = Visit(chromium, viewport=wanted.size, color_scheme=wanted.scheme, timezone_id="UTC", locale="en-GB")
    page = visit.page
    page.clock.set_fixed_time(NOW)
    page.goto(f"http://127.0.0.1:{web.port}{wanted.path}")
    page.locator("[data-role=live][data-kind=live]").wait_for(state="attached")
    for key in wanted.press:
        page.keyboard.press(key)
    page.locator(".foot span", has_text="redis://").evaluate("(place, text) => { place.textContent = text; }", REDIS)
    picture = page.screenshot(animations="disabled", caret="hide")
    assert visit.problems == []
    page.close()
    return picture


@contextmanager
def served() -> Iterator[tuple[WebServer, int]]:
    """The server, and the id of a job that has failed three times."""
    with RedisServer() as redis, kue.Queue(redis=redis.url) as queue, redis.client() as client:
        queue.runtime.store.clock = lambda: NOW
        client.config_set("save", "3600 1")  # else the first page says that nothing is kept on disk
        seed_ordinary(queue, StandingClock(client))
        _spread(client)
        job = failed_job(queue, client)
        for name, when, zone in (("invoices", "0 6 1 * *", "America/New_York"), ("heartbeat", "1 minute", None)):
            queue.every(when, queue.create("report", {"rows": 5000}), name=name, tz=zone)
        app = kue.web.app(queue, auth=kue.web.open_access, title="production")
        factory.shared_of(queue, 1).store.clock = lambda: NOW
        with WebServer(app) as web:
            yield web, job


def _spread(client: Any) -> None:
    """Have the failures come over some hours, and the workers renew their leases some seconds ago."""
    for place, member in enumerate(client.zrange("q:jobs:failed", 0, -1)):
        hours = (place * place) % 19
        id = int(member.partition(b"|")[2])
        client.hset(f"q:job:{id}", "failed_at", NOW - hours * HOUR - place * MINUTE)
    for place, process in enumerate(client.zrange("q:py:workers", 0, -1)):
        client.zadd("q:py:workers", {process: NOW + (24 + place) * SECOND})


def failed_job(queue: kue.Queue, client: Any) -> int:
    """A job with three runs, a log, progress and an error with its stack."""
    data = {"title": "Welcome, Ana", "to": "ana@example.com", "template": "welcome", "locale": "pt-BR", "password": "x"}
    job = (
        queue.create("email", data)
        .priority("high")
        .attempts(3)
        .backoff({"type": "exponential", "delay": 60_000})
        .save()
    )
    for line in ("rendering welcome in pt-BR", "connecting to smtp-2.example.com", "sending 14 kB"):
        job.log(line)
    job.progress(60, 100, {"step": "sending"})
    stack = "\n".join(
        (
            "SMTPServerDisconnected: Connection unexpectedly closed",
            '  File "tasks/mail.py", line 41, in send',
            "    smtp.send_message(message)",
            '  File "smtplib.py", line 986, in send_message',
            "    return self.sendmail(from_addr, to_addrs, flatmsg, mail_options,",
        )
    )
    job.error(stack).failed()
    client.ltrim(f"q:job:{job.id}:log", 0, 2)
    starts = (NOW - HOUR, NOW - HOUR + 2 * MINUTE, NOW - 50 * MINUTE)
    runs = [
        {
            "run": number,
            "attempt": number,
            "worker": f"{HOST}:email:{number}",
            "start": start,
            "duration": 1900 + 400 * number,
            "outcome": "failed",
            "error": "SMTPServerDisconnected: Connection unexpectedly closed",
        }
        for number, start in enumerate(starts, 1)
    ]
    moments = {"created_at": NOW - HOUR - 30 * SECOND, "started_at": starts[2], "failed_at": starts[2] + 3100}
    fields = {**moments, "updated_at": starts[2] + 3100, "attempts": 3, "duration": 3100, "py_runs": json.dumps(runs)}
    client.hset(f"q:job:{job.id}", mapping={**fields, "workerId": f"{HOST}:email:3"})
    assert job.id is not None
    return job.id


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
