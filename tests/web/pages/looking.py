"""What the tests of pages share: visits in three sizes, and what must hold of a page whatever it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import kue
import kue.web
from kue.web import Access
from tests.browser import Visit, keep_picture
from tests.web.pages.axe import assert_accessible
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = ((1280, 900), (390, 844), (320, 640))
HOSTILE = "</td><script>alert(1)</script>\u202egpj\u0000 & \"quotes\" 'too' " + "x" * 300


@contextmanager
def visiting(chromium: "Browser", web: WebServer, path: str, **options: Any) -> Iterator[Visit]:
    """A page of the server in a window of its own, which must stay without problems."""
    visit = Visit(chromium, **{"viewport": {"width": 1280, "height": 900}, **options})
    try:
        visit.page.goto(f"http://127.0.0.1:{web.port}{path}")
        yield visit
        assert visit.problems == []
    except BaseException:
        keep_picture(visit.page, f"failed-{path}")
        raise
    finally:
        visit.page.close()


@contextmanager
def served_to(queue: kue.Queue, *permissions: str, **settings: Any) -> Iterator[WebServer]:
    """Another app of the same queue, for a user with some permissions."""
    with WebServer(kue.web.app(queue, auth=lambda request: Access("ana", permissions), **settings)) as web:
        yield web


def assert_fits(visit: Visit) -> None:
    """Nothing makes the page wider than its window."""
    wide, window = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= window  # less if there is room for a scrollbar


def assert_sound(chromium: "Browser", web: WebServer, path: str) -> None:
    """In each size and both schemes, the page fits and has no problem. axe looks at three of these six."""
    name = path.strip("/") or "overview"
    for width, height in SIZES:
        for scheme in ("light", "dark"):
            size = {"width": width, "height": height}
            with visiting(chromium, web, path, viewport=size, color_scheme=scheme) as visit:
                keep_picture(visit.page, f"{name}-{width}-{scheme}")
                assert_fits(visit)
                if width != 320 and (width == SIZES[0][0] or scheme == "light"):
                    assert_accessible(visit.page)


def post_form(web: WebServer, path: str, **fields: str) -> int:
    """The status of what a form sends."""
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    return web.ask("POST", path, headers, urlencode(fields).encode()).status
