"""Fixtures: the kue command in a folder of its own, and modules for it to serve."""

import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import kue
from tests.cli.command import Command


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Starts `kue ...` in the test's folder; it ends with the test. Keywords are environment variables."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(Command(*arguments, folder=tmp_path, **options))


@pytest.fixture
def module(tmp_path: Path) -> Callable[[str, str], None]:
    """Writes a module into the test's folder."""
    return lambda name, source: (tmp_path / f"{name}.py").write_text(textwrap.dedent(source)) and None


@pytest.fixture
def queue(redis_url: str) -> Iterator[kue.Queue]:
    """A queue on the empty Redis of the test, which only creates jobs and looks at them."""
    with kue.Queue(redis=redis_url) as queue:
        yield queue
