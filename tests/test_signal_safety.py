"""A signal handler may make any call that its thread was in the middle of, so no lock may keep it out for ever."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_layout import PRODUCT, named, relative

LOCKS = ("Lock", "Event", "Semaphore", "BoundedSemaphore", "Barrier")  # a thread cannot take its own twice
REASONS = {
    ("kue/cli/worker/importing.py", "Event"): "each import has its own, and no signal handler uses them",
    ("kue/connection/capacity.py", "Lock"): "each call that waits has one of its own",
    ("kue/connection/spin_wait.py", "Lock"): "it is taken only if it is free",
    ("kue/worker/execution/inline.py", "Event"): "a thread without signal handlers uses it",
    ("kue/worker/io/answer_wait.py", "Event"): "each wait has one of its own",
    ("kue/worker/io/loop.py", "Event"): "it is for the one shutdown",
}


def made(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in LOCKS and isinstance(node.value, ast.Name):
            if node.value.id == "threading":
                yield relative(path), node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == "threading":
            yield from ((relative(path), alias.name) for alias in node.names if alias.name in LOCKS)


def test_a_thread_can_take_each_of_its_locks_again() -> None:
    assert {lock for path in named(".py", *PRODUCT) for lock in made(path)} == set(REASONS)
