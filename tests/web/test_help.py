"""The help page shows every address, and templates are such that no data becomes markup and nothing is loaded."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

import kue
import kue.web
from kue.web.pages import routes as pages
from kue.web.pages.assets import HASH
from kue.web.rendering import TEMPLATES, environment
from tests.web.asgi import ask

UNESCAPED = re.compile(
    r"\|\s*safe|autoescape|Markup|\bstyle\s*=|\bon\w+\s*=|<style|<script(?![^>]*\bsrc=)|https?:", re.I
)


class Links(HTMLParser):
    """Collects the places that a page leads to, and those that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.targets |= {value or "" for name, value in attributes if name in ("href", "src")}
        self.ids += [value or "" for name, value in attributes if name == "id"]


def links_of(page: str) -> Links:
    links = Links()
    links.feed(page)
    return links


def test_the_help_has_every_address_of_the_apis(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    answer = ask(app, "GET", "/help")
    page = unescape(answer.body.decode())
    assert (answer.status, answer.type) == (200, "text/html; charset=utf-8")
    addresses = [
        re.sub(r":(\w+)", r"{\1}", route.pattern) if route.description else route.pattern for route in app.routes
    ]
    missing = [path for path in addresses if f" {path}</code>" not in page]
    assert missing == [*(route.pattern for route in pages.ROUTES), "/help"]


@pytest.mark.parametrize("prefix", ["", "/ops"])
def test_every_link_of_the_help_leads_somewhere(queue: kue.Queue, prefix: str) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    links = links_of(ask(app, "GET", f"{prefix}/help", root_path=prefix).body.decode())
    assert len(links.ids) == len(set(links.ids)) > 40
    inside = {target for target in links.targets if target.startswith("#")}
    assert inside <= {f"#{id}" for id in links.ids}
    outside = {target for target in links.targets if not target.startswith("#")}
    assert {f"{prefix}{path}" for path in ("/icon.svg", f"/static/{HASH}/help.css", "/api/v1/openapi.json")} <= outside
    assert all(target.startswith(f"{prefix}/") for target in outside)
    assert [path for path in outside if ask(app, "GET", path, root_path=prefix).status != 200] == []


def test_what_is_put_into_a_page_is_escaped(queue: kue.Queue) -> None:
    app: Any = kue.web.app(queue, auth=kue.web.open_access, title="<script>alert(1)</script>")
    page = ask(app, "GET", "/help").body
    assert b"<script>" not in page and b"&lt;script&gt;alert(1)" in page
    assert environment.autoescape is True


def test_no_template_turns_escaping_off_or_needs_what_the_content_policy_forbids() -> None:
    templates = sorted(TEMPLATES.rglob("*.html"))
    assert templates
    found = [f"{path.name}: {text[0]}" for path in templates for text in UNESCAPED.finditer(path.read_text())]
    assert found == []
    assert [path.name for path in TEMPLATES.rglob("*") if path.is_file() and path not in templates] == []  # unescaped
