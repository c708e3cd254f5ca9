"""Fixtures for tests of pages: one Chromium for a file, and an ordinary queue that no test changes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import kue
import kue.web
from tests.browser import browser
from tests.servers import RedisServer
from tests.web.conftest import Running
from tests.web.pages.ordinary import seed_ordinary
from tests.web.server import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def ordinary() -> Iterator[Running]:
    """An ordinary queue on a Redis of its own. Its tests only look."""
    with (
        RedisServer() as server,
        kue.Queue(redis=server.url) as queue,
        server.client() as client,
        WebServer(kue.web.app(queue, auth=kue.web.open_access, title="production")) as web,
    ):
        client.config_set("save", "3600 1")
        seed_ordinary(queue, client)
        yield Running(server, queue, web)
