"""Fixtures with real Kue in a Node process; every test of this folder carries the marker `node`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.interop.node import NodeKue, what_is_missing

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.node)


@pytest.fixture
def node_kue() -> Iterator[Callable[..., NodeKue]]:
    """Starts Node processes with real Kue, called as NodeKue is; they end with the test."""
    missing = what_is_missing()
    if missing:
        absent(missing)
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(NodeKue(*args, **options))


@pytest.fixture
def node(node_kue: Callable[..., NodeKue], redis_url: str) -> NodeKue:
    """Real Kue with prefix `q` on the empty Redis at `redis_url`."""
    return node_kue(redis_url)
