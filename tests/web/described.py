"""Compares answers of `/api/v1` with what its OpenAPI file says of them. Every answer that a test gets is compared."""

import functools
import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from kue.web.api_v1.openapi import About, described
from kue.web.api_v1.routes import PREFIX, ROUTES

PROBLEM = "application/problem+json"


@functools.cache
def file() -> dict[str, Any]:
    """The file of an app that has passwords, and refuses foreign host names: no app has more statuses than both."""
    return described(ROUTES, About("kue", ("kue", "kue_send"), has_passwords=True, is_open=True))[1]


@functools.cache
def operations() -> list[tuple[str, re.Pattern[str], Any]]:
    """Method, address and description of each route."""
    found = []
    for path, each in file()["paths"].items():
        pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "/?", re.IGNORECASE)
        found += [(method.upper(), pattern, operation) for method, operation in each.items()]
    return found


def validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator({"components": file()["components"], **schema})


def check(method: str, path: str, status: int, type: str, body: bytes) -> None:
    """Fail if an answer is none that the file describes. An address without a route has a problem as its answer."""
    start = path.find(f"{PREFIX}/")
    if start < 0 or method in ("HEAD", "OPTIONS"):
        return
    address = path[start:].partition("?")[0]
    found = [operation for verb, pattern, operation in operations() if verb == method and pattern.fullmatch(address)]
    if not found or status == 500:  # the latter is a defect, which no file promises
        assert (type, json.loads(body)["status"]) == (PROBLEM, status), path
        return
    answers = found[0]["responses"]
    assert str(status) in answers, f"{method} {address} does not describe the status {status}"
    answer = answers[str(status)]
    if "$ref" in answer:
        answer = file()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    if "content" not in answer:
        assert body == b"", f"{method} {address}: {status} has a body"
        return
    kind = type.partition(";")[0]
    assert kind in answer["content"], f"{method} {address}: {status} has the type {type}"
    if kind.endswith("json"):
        found_errors = validator(answer["content"][kind]["schema"]).iter_errors(json.loads(body))
        errors = [f"{error.json_path}: {error.message}" for error in found_errors]
        assert errors == [], f"{method} {address}"
