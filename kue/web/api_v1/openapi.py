"""`/api/v1/openapi.json`: the API as OpenAPI 3.1, made from the route table and the table of job options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from kue.common.version import VERSION
from kue.options.schemas import TEXT, Schema
from kue.web.answers import as_json
from kue.web.api_v1.problems import PROBLEM, with_problems
from kue.web.api_v1.routes import PREFIX
from kue.web.api_v1.schemas import COMPONENTS, named, new_job
from kue.web.call import Call
from kue.web.description import JSON_TYPE, Answer, Description, Parameter
from kue.web.routing import Route

Document = dict[str, Any]
_PARAMETER = re.compile(r":(\w+)")
_PASSWORD = "password"
PERMISSION = "x-permission"
"""Under this name an operation names the permission that it needs."""
_INTRODUCTION = (
    "Jobs, and what is known of their types, workers and schedules. Times are milliseconds since the epoch, durations "
    "milliseconds, and ids numbers. Errors are problems as RFC 9457 has them."
)
# What may go wrong on each route, before its endpoint is called and in it.
_OF_ALL = (403, 408, 409, 413, 414, 422, 431, 503)
_WITH_PASSWORDS = (401, 429)
_WITHOUT = (421,)
_WITH_BODY = (400, 415)
_WHY = {
    400: "The body or the address cannot be read.",
    401: "A user name and a password are needed, and these are none.",
    403: "Your user may not do that, or a page of another origin asks.",
    404: "There is none.",
    408: "The body did not come in time.",
    409: "The job is in another state, a Node worker has it, or it was removed and still holds its key; "
    "or a key in Redis is of the wrong kind.",
    413: "The body is too long.",
    414: "The part of the address behind the ? is too long.",
    415: "The body is no JSON in UTF-8, or is compressed.",
    421: "The server does not have that host name.",
    422: "A parameter or a value makes no sense; the detail names it.",
    429: "There were too many wrong passwords, or too many operations are under way.",
    431: "The headers are too long.",
    501: "The server cannot hold a stream open.",
    503: "Redis does not answer or refuses to carry it out, or too many streams are open.",
}


@dataclass(frozen=True)
class About:
    """What the OpenAPI file of an app says of it: its title, whose options jobs have, and what keeps strangers out.

    It has passwords, or is open to all, or neither if a function of the user decides.
    """

    title: str
    modules: tuple[str, ...]
    has_passwords: bool
    is_open: bool


def described(routes: Iterable[Route], about: About) -> tuple[tuple[Route, ...], Document]:
    """The routes of `/api/v1` with that of the file, and the file, which describes them all."""

    def openapi(call: Call) -> Response:
        """The API as OpenAPI 3.1."""
        return as_json(_with_servers(file, call))

    answers = {200: Answer("the file", {"type": "object", "required": ["openapi", "info", "paths"]})}
    description = Description("this API as OpenAPI 3.1", answers)
    own = Route("GET", f"{PREFIX}/openapi.json", "read", with_problems(openapi), description=description)
    every = (*routes, own)
    file = _document(every, about)
    return every, file


def _with_servers(file: Document, call: Call) -> Document:
    """The file with the address of the server, which has no host name: clients know the one that they asked."""
    return {**file, "servers": [{"url": call.address("") or "/"}]}


def _document(routes: Iterable[Route], about: About) -> Document:
    """The file, but for its servers. Routes without a description are left out."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.description is not None:
            path = _PARAMETER.sub(r"{\1}", route.pattern)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, route.description, about)
    used = sorted({int(status) for each in paths.values() for one in each.values() for status in one["responses"]})
    components: Document = {
        "schemas": {**COMPONENTS, "NewJob": new_job(about.modules)},
        "responses": {str(status): _problem(status) for status in used if status in _WHY},
    }
    if about.has_passwords:
        components["securitySchemes"] = {_PASSWORD: {"type": "http", "scheme": "basic"}}
    info = {"title": about.title, "version": VERSION, "description": _INTRODUCTION}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


def _operation(route: Route, description: Description, about: About) -> Document:
    path = route.pattern.removeprefix(f"{PREFIX}/")
    operation: Document = {
        "operationId": "_".join([route.method.lower(), *re.findall(r"\w+", path)]),
        "tags": [path.partition("/")[0]],
        "summary": description.summary,
        "description": " ".join((inspect.getdoc(route.endpoint) or "").split()),
        PERMISSION: route.permission,
        "parameters": [_parameter(one) for one in description.parameters],
        "responses": {str(status): _answer(one) for status, one in description.answers.items()},
    }
    if description.body is not None:
        content = {JSON_TYPE: {"schema": description.body}}
        operation["requestBody"] = {"required": description.needs_body, "content": content}
    for status in sorted(_problems(route, description, about)):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}
    if about.has_passwords:
        operation["security"] = [{_PASSWORD: [route.permission]}]
    return operation


def _problems(route: Route, description: Description, about: About) -> set[int]:
    found = {*_OF_ALL, *description.problems}
    found.update(_WITH_PASSWORDS if about.has_passwords else ())
    found.update(_WITHOUT if about.is_open else ())
    if description.body is not None:
        found.update(_WITH_BODY)
    if _PARAMETER.search(route.pattern):
        found.add(400)
    return found


def _parameter(parameter: Parameter) -> Document:
    default: Schema = {} if parameter.default is None else {"default": parameter.default}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required or parameter.place == "path",
        "description": parameter.meaning,
        "schema": {**parameter.schema, **default},
    }


def _answer(answer: Answer) -> Document:
    found: Document = {"description": answer.meaning}
    if answer.schema is not None:
        found["content"] = {answer.media_type: {"schema": answer.schema}}
    if answer.location:
        found["headers"] = {
            "Location": {"description": f"where {answer.location} is", "required": True, "schema": TEXT}
        }
    return found


def _problem(status: int) -> Document:
    return {"description": _WHY[status], "content": {PROBLEM: {"schema": named("Problem")}}}
