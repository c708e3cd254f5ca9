"""The reference names every address with its permission, and says of `/api/v1` what the OpenAPI file says."""

import re
from pathlib import Path

import kue
import kue.web
from kue.web.api_v1 import inputs
from kue.web.pages import routes as pages
from tests.examples.markdown import DOCS
from tests.web.described import file

PAGES = {route.pattern for route in pages.ROUTES}
OWN = DOCS / "reference/api-v1.md"


def documented(page: Path) -> dict[str, str]:
    rows = re.findall(r"^\| `((?:GET|POST|PUT|DELETE) [^`]+)` \|.*\| ?`?([a-z]*)`? \|$", page.read_text(), re.MULTILINE)
    return dict(rows)


def test_every_address_is_in_the_reference_with_its_permission(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    routes = [route for route in app.routes if route.pattern not in PAGES]
    offered = {f"{route.method} {route.pattern}": route.permission for route in routes}
    found = documented(DOCS / "reference/http-api.md") | documented(OWN)
    without_order = {name: need for name, need in offered.items() if f"{name}/:order" not in offered}
    assert found == without_order


def rows_of(page: Path) -> list[list[str]]:
    """The rows of all tables of a page, without the marks of code and links."""
    text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", page.read_text().replace("`", ""))
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_reference_says_of_each_address_what_the_openapi_file_says() -> None:
    said = {row[0]: row[1] for row in rows_of(OWN) if row[0].startswith(("GET /", "POST /"))}
    summaries = {}
    for path, each in file()["paths"].items():
        address = re.sub(r"{(\w+)}", r":\1", path)
        summaries |= {f"{method.upper()} {address}": operation["summary"] for method, operation in each.items()}
    assert said == summaries


def test_the_reference_has_the_parameters_of_lists() -> None:
    rows = rows_of(OWN)
    start = next(number for number, row in enumerate(rows) if row[0].startswith("parameter of"))
    said = {name: tuple(row[1:]) for row in rows[start + 1 :] for name in row[0].split(", ")}
    for one in inputs.LIST:
        defaults = ("all", "none") if one.default is None else (str(one.default),)
        assert said[one.name][0] in defaults, one.name
        assert said[one.name][1] == one.meaning


def test_the_reference_names_the_statuses_of_problems() -> None:
    said = {status for row in rows_of(OWN) if re.match(r"[45]\d\d", row[0]) for status in row[0].split(", ")}
    assert said == file()["components"]["responses"].keys() | {"405"}  # of an address, whatever the method
