"""A real browser for tests of pages: Debian's Chromium without a window, driven by Playwright.

It loads nothing from other hosts. What goes wrong in a page is kept, for the test to compare.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.conftest import absent

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

PROGRAMS = ("chromium-headless-shell", "chromium")
LOCAL = "127.0.0.1"
PATIENCE_MS = 10_000


@contextmanager
def browser() -> Iterator["Browser"]:
    """Chromium. Without it, or without Playwright, the test is skipped, or fails in CI."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        absent("pages are tested with the package chromium-headless-shell (Debian)")
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        absent("pages are tested with Playwright: pip install 'kue[browser]'")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])  # CI runs as root
        try:
            yield chromium
        finally:
            chromium.close()


def expect(found: Any) -> Any:
    """Playwright's assertions, which wait. Tests without a browser are collected where Playwright is not installed."""
    from playwright.sync_api import expect

    return expect(found)


class Visit:
    """A page of a browser, the answers it got, and what went wrong in it.

    The page gets nothing from a server while its test waits for something else: have the test wait for the page.
    """

    def __init__(self, browser: "Browser", **options: Any) -> None:
        self.page: Page = browser.new_page(**options)
        self.page.set_default_timeout(PATIENCE_MS)
        self.answers: list[tuple[str, str, int]] = []
        self.problems: list[str] = []
        self.page.route("**/*", self._only_local)
        self.page.on("response", lambda it: self.answers.append((it.request.method, it.url, it.status)))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda it: self._console(it.type, it.text, it.location["url"]))

    def _only_local(self, route: "Route") -> None:
        if urlsplit(route.request.url).hostname == LOCAL:
            route.continue_()
        else:
            route.abort()

    def _console(self, kind: str, text: str, url: str) -> None:
        if kind == "error" and urlsplit(url).hostname == LOCAL:
            self.problems.append(f"{text} ({Path(url).name})")


def keep_picture(page: "Page", name: str) -> None:
    """Keep how a page looks in the folder KUE_PICTURES, which CI keeps; without that variable, nothing is kept."""
    if folder := os.environ.get("KUE_PICTURES"):
        file = re.sub(r"[^\w.-]+", "_", name).strip("_")[:100]
        page.screenshot(path=Path(folder) / f"{file}.png", full_page=True, timeout=PATIENCE_MS)
