"""The check for accessibility finds what is wrong, so that its silence means something."""

import pytest

from tests.browser import Visit, browser
from tests.web.pages.axe import violations
from tests.web.server import WebServer

pytestmark = [pytest.mark.slow, pytest.mark.node]


def test_a_field_without_a_label_and_pale_text_are_found(web: WebServer) -> None:
    with browser() as chromium:
        visit = Visit(chromium)
        visit.page.goto(f"http://127.0.0.1:{web.port}/help")
        assert [line for line in violations(visit.page) if line.startswith(("label", "color-contrast"))] == []
        visit.page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")
        visit.page.evaluate("() => { document.querySelector('h1').style.color = '#eee'; }")
        found = {line.partition(":")[0] for line in violations(visit.page)}
        assert found >= {"label", "color-contrast"}
        assert visit.problems == []
