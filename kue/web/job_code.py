"""Writes programs that create a job like one that there is: as the body of a request, in Python, in Node, with curl."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kue.common import strict_json
from kue.web.json_tree import Tree, json_string, read_tree
from kue.web.visible import visible

_INDENT = "  "
_PYTHON_WORDS = {"true": "True", "false": "False", "null": "None"}
_NODE_METHODS = {"priority": "priority", "attempts": "attempts", "backoff": "backoff", "delay": "delay", "ttl": "ttl"}
_NODE_METHODS |= {"remove_on_complete": "removeOnComplete"}
_DEFAULTS: Mapping[str, Any] = {"priority": 0, "attempts": 1}


class Code(NamedTuple):
    """A program, and the name of its language."""

    name: str
    text: str


def options_of(view: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a job that differ from their defaults, by their names in Python, as JSON values."""
    found = {
        "priority": view["priority"],
        "attempts": (view["attempts"] or {}).get("max"),
        "backoff": None if isinstance(view["backoff"], str) else view["backoff"],  # a function of JavaScript
        "delay": view["delay"],
        "ttl": view["ttl"],
        "remove_on_complete": view["remove_on_complete"],
        "remove_on_fail": view["remove_on_fail"],
    }
    return {name: value for name, value in found.items() if value and value != _DEFAULTS.get(name)}


def job_code(type: str, data: Tree, options: Mapping[str, Any], address: str) -> list[Code]:
    """Programs that create a job. `address` is that of `/api/v1/jobs`."""
    body = _body(type, data, options)
    return [
        Code("JSON", body),
        Code("Python", _python(type, data, options)),
        Code("Node", _node(type, data, options)),
        Code("curl", _curl(body, address)),
    ]


def _body(type: str, data: Tree, options: Mapping[str, Any]) -> str:
    rows = [f'"type": {quoted_json(type)}', f'"data": {_nested(data, {}, quoted_json)}']
    rows += [f'"{name}": {strict_json.dumps(value)}' for name, value in options.items()]
    return "{\n" + ",\n".join(_INDENT + row for row in rows) + "\n}"


def _python(type: str, data: Tree, options: Mapping[str, Any]) -> str:
    written = data.written(_INDENT, _PYTHON_WORDS, _quoted_python)
    keywords = "".join(f", {name}={_value(value, _PYTHON_WORDS, _quoted_python)}" for name, value in options.items())
    return f"queue.create({_quoted_python(type)}, {written}{keywords}).save()"


def _node(type: str, data: Tree, options: Mapping[str, Any]) -> str:
    calls = [
        f".{_NODE_METHODS[name]}({_value(value, {}, quoted_json)})"
        for name, value in options.items()
        if name in _NODE_METHODS
    ]
    lines = [f"queue.create({quoted_json(type)}, {data.written(_INDENT, {}, quoted_json)})", *calls, ".save();"]
    return f"\n{_INDENT}".join(lines)


def _curl(body: str, address: str) -> str:
    return f"curl {shlex.quote(address)} \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"


def _nested(data: Tree, words: dict[str, str], quoted: Callable[[str], str]) -> str:
    return data.written(_INDENT, words, quoted).replace("\n", f"\n{_INDENT}")


def _value(value: Any, words: dict[str, str], quoted: Callable[[str], str]) -> str:
    return read_tree(strict_json.dumps(value), lambda key: False).written("", words, quoted).replace("\n", " ")


def quoted_json(text: str) -> str:
    """A string of JSON, which JavaScript reads too. What is invisible is escaped."""
    return _escaped(text, _ascii)


def _ascii(character: str) -> str:
    """The escape of a character in JSON: two for one beyond U+FFFF."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def _quoted_python(text: str) -> str:
    """A string of Python. What is invisible is escaped."""
    return _escaped(text, lambda one: f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}")


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    return re.sub(r"[^\x20-\x7e]", lambda found: _seen(found[0], escape), json_string(text))


def _seen(character: str, escape: Callable[[str], str]) -> str:
    return character if visible(character) == character else escape(character)
