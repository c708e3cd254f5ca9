"""Only `kue.connection` and `kue.store` spell a Redis command or a key; all else uses what the store offers.

A tuple or a call that begins with a command's name counts if it is sent, returned as a `Command` or typed as one. So a
route table's `("GET", "/stats")` is none.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kue.store.keys import KEYS, LOCKS

ROOT = Path(__file__).parent.parent
OPEN = {"connection", "store"}
MODULES = [
    path
    for package in ("kue", "kue_send")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.relative_to(ROOT).parts[1] not in OPEN
]
# What a connection, a pool or a store sends, and what the I/O thread wraps a command in.
SENDERS = {"call", "run", "ask", "send", "exchange", "execute_command", "Call", "Report", "RunCheck", "Take"}
COMMAND = re.compile(r"[A-Z]{3,20}")
# The literal parts of the templates: `:jobs:`, `:events`, `promotion:lock` ...
TEMPLATES = [key.template for key in (*KEYS.values(), *LOCKS.values())]
KEY_PARTS = {part for template in TEMPLATES for part in re.split(r"{\w+}", template) if part not in ("", ":")}


def command_in(node: ast.expr) -> str | None:
    """The command that a tuple, or a list of tuples, begins with."""
    if isinstance(node, ast.Starred):
        return command_in(node.value)
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
        first = node.elts[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and COMMAND.fullmatch(first.value):
            return first.value
        if isinstance(node, ast.List):
            return next(filter(None, map(command_in, node.elts)), None)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return command_in(node.elt)
    return None


def is_client(node: ast.expr) -> bool:
    """Whether an expression is a redis-py client, by its name."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("client", "_client")


def commands_by_name(tree: ast.AST) -> dict[str, str]:
    """The names that are given a tuple, or a list of tuples, which begins with a command."""
    named = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (command := command_in(node.value)):
            named |= {target.id: command for target in node.targets if isinstance(target, ast.Name)}
    return named


def commands_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    named = commands_by_name(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and is_client(node.func.value) and node.func.attr != "close":
                yield node.lineno, node.func.attr.upper()
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in SENDERS:
                continue
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and COMMAND.fullmatch(first.value):
                yield node.lineno, first.value
            for argument in node.args:
                if command := command_in(argument):
                    yield node.lineno, command
                yield from (
                    (node.lineno, named[part.id])
                    for part in ast.walk(argument)
                    if isinstance(part, ast.Name) and part.id in named
                )
        elif isinstance(node, ast.AnnAssign) and node.value is not None and "Command" in ast.unparse(node.annotation):
            if command := command_in(node.value):
                yield node.lineno, command
        elif isinstance(node, ast.FunctionDef) and node.returns is not None and "Command" in ast.unparse(node.returns):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value and (command := command_in(inner.value)):
                    yield inner.lineno, command


def keys_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
        if is_text and any(part in node.value for part in KEY_PARTS):
            yield node.lineno, node.value


def test_no_module_outside_the_store_spells_a_command() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {command}"
        for path in MODULES
        for line, command in commands_in(ast.parse(path.read_text()))
    ]
    assert not found


def test_no_module_outside_the_store_spells_a_key() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {text!r}"
        for path in MODULES
        for line, text in keys_in(ast.parse(path.read_text()))
    ]
    assert not found


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ("store.connections.call('PING')", "PING"),
        ("connection.send([('BLPOP', key, 1)])", "BLPOP"),
        ("store.ask([('HGET', key) for key in keys])", "HGET"),
        ("store.ask([first, ('HGET', key)])", "HGET"),
        ("Call(('LPUSH', key, 1))", "LPUSH"),
        ("def build(self) -> Command:\n    return ('ZSCORE', key)", "ZSCORE"),
        ("read: list[Command] = [('HMGET', key)]", "HMGET"),
        ("_PING = ('PING',)\nconnection.send([_PING])", "PING"),
        ("queue.client.hget(key, field)", "HGET"),
    ],
)
def test_a_spelled_command_is_found(source: str, command: str) -> None:
    assert [found for _, found in commands_in(ast.parse(source))] == [command]


@pytest.mark.parametrize("source", ["ROUTES = [('GET', '/stats')]", "route('GET', '/stats')", "log('PING')"])
def test_what_is_no_command_is_let_pass(source: str) -> None:
    assert not list(commands_in(ast.parse(source)))


@pytest.mark.parametrize("key", ["q:job:types", ":jobs:inactive", "promotion:lock", ":events"])
def test_a_spelled_key_is_found_and_a_documented_one_is_not(key: str) -> None:
    assert [text for _, text in keys_in(ast.parse(f"'a docstring: {key}'\nkey = '{key}'"))] == [key]
