"""`/help`: the keys, the versions, and the addresses of the APIs; those of our own as the OpenAPI file has them."""

from __future__ import annotations

import inspect
import json
import platform
from collections.abc import Iterable
from typing import Any, NamedTuple

from starlette.responses import Response

from kue.common.version import VERSION
from kue.options.schemas import Schema
from kue.store.live import server_version
from kue.web.api_v1.openapi import PERMISSION, Document
from kue.web.call import Call
from kue.web.pages.frame import framed
from kue.web.pages.keys import KEYS
from kue.web.routing import Route

_KINDS = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "null": "null"}


class Piece(NamedTuple):
    """A piece of the description of a schema. A schema with a name is linked to."""

    text: str
    schema: str = ""


class Field(NamedTuple):
    """A row of a table: a parameter, or a key of an object."""

    name: str
    kind: list[Piece]
    optional: bool
    meaning: str = ""


def help_of(routes: Iterable[Route], file: Document) -> tuple[Route, ...]:
    """The route of the page. `routes` are all others, `file` is the OpenAPI file."""
    shown: dict[str, Any] = {
        "operations": [
            _operation(path, method, one) for path, each in file["paths"].items() for method, one in each.items()
        ],
        "schemas": {name: _schema(schema) for name, schema in file["components"]["schemas"].items()},
        "problems": {status: one["description"] for status, one in file["components"]["responses"].items()},
        "others": [_row(route) for route in routes if route.description is None],
    }

    def help(call: Call) -> Response:
        """The keys, the versions, and what the addresses of this server take and answer."""
        store = call.site.store
        reply = store.ask([call.site.facts.commands.version()])[0]
        versions = {"kue": VERSION, "Python": platform.python_version(), "server": server_version(reply)}
        return framed(call, "help.html", "Help", "help", keys=KEYS, versions=versions, **shown)

    return (Route("GET", "/help", "read", help),)


def _row(route: Route) -> dict[str, str]:
    meaning = (inspect.getdoc(route.endpoint) or "").partition("\n")[0]
    return {"method": route.method, "pattern": route.pattern, "permission": route.permission, "meaning": meaning}


def _operation(path: str, method: str, operation: Document) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation["description"],
        "permission": operation[PERMISSION],
        "parameters": [
            Field(one["name"], kind(one["schema"]), not one["required"], one["description"])
            for one in operation["parameters"]
        ],
        "body": [kind(one["schema"]) for one in content.values()],
        "answers": [_answer(status, one) for status, one in operation["responses"].items() if "$ref" not in one],
        "problems": [status for status, one in operation["responses"].items() if "$ref" in one],
    }


def _answer(status: str, answer: Document) -> dict[str, Any]:
    kinds = [kind(one["schema"]) for one in answer.get("content", {}).values()]
    return {"status": status, "meaning": answer["description"], "kinds": kinds}


def _schema(schema: Schema) -> dict[str, Any]:
    """An object as its keys, and anything else in words."""
    if schema.get("type") != "object" or "properties" not in schema:
        return {"fields": [], "kind": kind(schema)}
    needed = schema.get("required", ())
    return {
        "fields": [Field(name, kind(each), name not in needed) for name, each in schema["properties"].items()],
        "kind": [],
    }


def kind(schema: Schema) -> list[Piece]:
    """What a schema takes, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return [Piece(name, name)]
    if "const" in schema:
        return [Piece(json.dumps(schema["const"]))]
    if "anyOf" in schema:
        return _joined([kind(each) for each in schema["anyOf"]], " or ")
    if "enum" in schema:
        return [Piece(", ".join(schema["enum"])), *map(Piece, _bounds(schema))]
    types = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ["anything"])
    return [*_joined([_of_type(type, schema) for type in types], " or "), *map(Piece, _bounds(schema))]


def _of_type(type: str, schema: Schema) -> list[Piece]:
    if type == "array":
        return [Piece("list of "), *kind(schema.get("items", {}))]
    if type != "object":
        return [Piece(_KINDS.get(type, type))]
    if "properties" in schema:
        keys = [[Piece(f"{name}: "), *kind(each)] for name, each in schema["properties"].items()]
        return [Piece("{"), *_joined(keys, "; "), Piece("}")]
    values = schema.get("additionalProperties")
    return [Piece("object of "), *kind(values)] if isinstance(values, dict) else [Piece("object")]


def _bounds(schema: Schema) -> list[str]:
    found = []
    if "minimum" in schema:
        found.append(f", {schema['minimum']:,} or more")
    if schema.get("maximum", _MAX) < _MAX:
        found.append(f", {schema['maximum']:,} or less")
    if "maxLength" in schema:
        found.append(f" of {schema['maxLength']:,} characters at most")
    if "default" in schema:
        found.append(f" ({schema['default']} if not given)")
    return found


_MAX = 10**14  # a greater bound is only that of numbers, and not worth saying


def _joined(parts: list[list[Piece]], separator: str) -> list[Piece]:
    found: list[Piece] = []
    for part in parts:
        found += [Piece(separator), *part] if found else part
    return found
