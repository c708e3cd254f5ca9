"""A private name stays in the file that makes it: no module reads `job._hash` that another one sets.

What a subclass inherits is used through `self`, and is no reaching through. What is private to other libraries is the
subject of tests/unit/test_private_parts.py.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_private_parts import ONE_FILE

ROOT = Path(__file__).parent.parent
MODULES = [path for package in ("kue", "kue_send") for path in sorted((ROOT / package).rglob("*.py"))]
OF_PYTHON = {"_make", "_fields", "_replace", "_asdict", "_exit"}
BORROWED = set().union(*ONE_FILE.values())


def own_names(tree: ast.AST) -> set[str]:
    """The private names that a file makes: functions, attributes of `self`, class variables, slots."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node.value):
            names.add(node.attr)
    return names


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def reached(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Private attributes of other objects, with the line."""
    own = own_names(tree) | OF_PYTHON | BORROWED
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not is_self(node.value) and not is_super(node.value):
            name = node.attr
            if name.startswith("_") and not name.startswith("__") and name not in own:
                yield node.lineno, ast.unparse(node)


def is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def test_no_module_reaches_for_a_private_name_of_another() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {text}"
        for path in MODULES
        for line, text in reached(ast.parse(path.read_text()))
    ]
    assert not found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(job): return job._hash", ["job._hash"]),
        ("class A:\n  def f(self): return self._pool._loop", ["self._pool._loop"]),
        ("class A:\n  def __init__(self): self._x = 1\n  def __eq__(self, other): return other._x == self._x", []),
        ("values._replace(a=1)", []),
    ],
)
def test_reaching_through_is_found(source: str, found: list[str]) -> None:
    assert [text for _, text in reached(ast.parse(source))] == found
