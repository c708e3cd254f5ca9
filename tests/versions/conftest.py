"""Trees of other releases, made from the repository's own history, and worker processes that run them."""

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.crash.conftest import Watched
from tests.crash.process import ROOT, PythonWorker
from tests.servers import RedisServer

HERE = Path(__file__).parent
LEASE = 800  # milliseconds


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the release before this one, whose commit `PREVIOUS` names."""
    folder, packed = tmp_path_factory.mktemp("previous"), packed_release((HERE / "PREVIOUS").read_text().strip())
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # type: ignore[assignment] # since Python 3.11.4
        tar.extractall(folder)
    return folder


def packed_release(commit: str, repository: Path = ROOT) -> bytes:
    """The tree of a commit as a tar archive. Without git or that commit the test is skipped, or fails under CI.

    KUE_TESTS_WITHOUT_HISTORY, which `.ci/run` sets with a warning if the history cannot be fetched, lets it be skipped.
    """
    if not shutil.which("git"):
        absent("git is not installed, and the release before this one comes from the history")
    archive = ["git", "archive", commit, "kue", "kue_send", "tests"]
    packed = subprocess.run(archive, check=False, cwd=repository, capture_output=True)
    if packed.returncode and os.environ.get("KUE_TESTS_WITHOUT_HISTORY"):
        pytest.skip(f"the history has no commit {commit[:9]}, and cannot be fetched")
    if packed.returncode:
        absent(f"the history has no commit {commit[:9]}, the release before this one: git fetch --unshallow")
    return packed.stdout


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree as a release with a higher protocol: its processes keep their leases under another key."""
    folder = tmp_path_factory.mktemp("newer")
    for package in ("kue", "kue_send", "tests"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    _replace(folder / "kue" / "store" / "worker_id.py", "PROTOCOL = 1\n", "PROTOCOL = 2\n")
    _replace(folder / "kue" / "store" / "keys.py", '"{P}:py:workers"', '"{P}:py:living"')
    return folder


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closed, last things first, when the test is over."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def server(stack: ExitStack) -> RedisServer:
    return stack.enter_context(RedisServer())


@pytest.fixture
def start(stack: ExitStack, server: RedisServer) -> Callable[..., PythonWorker]:
    """Starts a worker process of a tree, with a short lease."""
    return lambda root, types, *args, **options: stack.enter_context(
        PythonWorker(server.url, types, *args, root=root, **{"lease": LEASE} | options)
    )


@pytest.fixture
def queue(stack: ExitStack, server: RedisServer) -> Watched:
    """A queue of this release, in this process."""
    queue = Watched(redis=server.url, lease=LEASE)
    stack.callback(queue.end)
    return queue


def searches(server: RedisServer) -> int:
    """How often a process has asked for the lock under which one of them looks for lost jobs."""
    return int(server.client().info("commandstats").get("cmdstat_set", {"calls": 0})["calls"])
