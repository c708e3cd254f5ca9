"""The OpenAPI file says what the route table and the table of job options say, and holds together."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import kue
import kue.web
import kue_send
from kue.options.job import JOB_OPTIONS
from kue.web.api_v1.filters import NAMES
from kue.web.api_v1.routes import PREFIX
from kue.web.api_v1.schemas import FILTERS
from kue.web.app import App
from tests.web.asgi import ask

FILE = f"{PREFIX}/openapi.json"


@pytest.fixture
def app(queue: kue.Queue) -> App:
    return kue.web.app(queue, auth=kue.web.open_access)


def file_of(app: App, **scope: Any) -> Any:
    return ask(app, "GET", FILE, **scope).json


def operations(file: Any) -> Iterator[tuple[str, Any]]:
    for path, each in file["paths"].items():
        for method, operation in each.items():
            yield f"{method.upper()} {path}", operation


def values_of(value: Any, key: str) -> Iterator[Any]:
    """What stands under a key, wherever in a value that is."""
    if isinstance(value, dict):
        yield from (value[key],) if key in value else ()
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from values_of(each, key)


def test_every_route_of_the_api_has_a_description(app: App) -> None:
    routes = [route for route in app.routes if route.pattern.startswith(f"{PREFIX}/")]
    assert [route.pattern for route in routes if route.description is None] == []
    paths = {route.method + " " + re.sub(r":(\w+)", r"{\1}", route.pattern) for route in routes}
    assert dict(operations(file_of(app))).keys() == paths


def test_every_part_of_an_address_is_described(app: App) -> None:
    for name, operation in operations(file_of(app)):
        described = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
        assert described == re.findall(r"\{(\w+)\}", name), name


def test_the_file_holds_together(app: App) -> None:
    file = file_of(app)
    used = set(values_of(file, "$ref"))
    there = {f"#/components/{kind}/{name}" for kind, each in file["components"].items() for name in each}
    assert used == there
    for schema in [*file["components"]["schemas"].values(), *values_of(file["paths"], "schema")]:
        Draft202012Validator.check_schema(schema)
    ids = list(values_of(file["paths"], "operationId"))
    assert len(ids) == len(set(ids))


def test_the_filters_are_those_that_the_api_knows() -> None:
    assert FILTERS.keys() == NAMES


@pytest.mark.parametrize("module", [kue, kue_send])
def test_a_new_job_takes_the_options_of_the_queues_jobs(running: Any, module: Any) -> None:
    with module.Queue(redis=running.redis.url) as queue:
        file = file_of(kue.web.app(queue, auth=kue.web.open_access))
    names = file["components"]["schemas"]["NewJob"]["properties"].keys() - {"type", "data"}
    assert names == {name for name, option in JOB_OPTIONS.items() if option.module in ("kue", module.__name__)}


def test_passwords_are_described_if_there_are_any(queue: kue.Queue) -> None:
    basic = ("Authorization", "Basic YW5hOnNlY3JldA==")
    file = ask(kue.web.app(queue, auth=("ana", "secret")), "GET", FILE, basic).json
    assert {str(operation["security"]) for _, operation in operations(file)} >= {"[{'password': ['read']}]"}
    assert "401" in file["components"]["responses"]
    for auth in (kue.web.open_access, lambda request: True):
        file = file_of(kue.web.app(queue, auth=auth))
        assert not list(values_of(file["paths"], "security"))
        assert "401" not in file["components"]["responses"]


def test_the_server_is_named_by_its_prefix_and_never_by_its_host(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=lambda request: True)
    for prefix, address in (("", "/"), ("/ops/ünï", "/ops/%C3%BCn%C3%AF")):
        for path in (FILE, "/help"):
            answer = ask(app, "GET", path, ("Host", "evil.example"), root_path=prefix)
            assert b"evil" not in answer.body
        assert file_of(app, root_path=prefix)["servers"] == [{"url": address}]


@pytest.mark.parametrize("path", [FILE, "/help"])
def test_it_is_for_those_who_may_read(queue: kue.Queue, path: str) -> None:
    for permission, status in (("read", 200), ("create", 403)):
        app = kue.web.app(queue, auth=lambda request, may=permission: kue.web.Access("ana", [may]))
        assert ask(app, "GET", path).status == status


@pytest.mark.parametrize("path", ["jobs?sate=failed", "jobs/1?log=1", "stats?sinse=5", "settings?x", "workers?type=a"])
def test_a_parameter_that_an_address_does_not_have_is_refused(app: App, path: str) -> None:
    answer = ask(app, "GET", f"{PREFIX}/{path}")
    assert answer.status == 422
    assert "there is no parameter" in answer.json["detail"]
