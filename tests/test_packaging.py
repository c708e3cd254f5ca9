"""The wheel holds all that the packages need: every module, script and page, the lock file, the marks of typing."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.test_dashboard import free_port, listening
from tests.servers import RedisServer

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
PACKAGES = ("kue", "kue_send")
SUFFIXES = (".py", ".lua", ".js", ".json", ".html", ".css", ".svg")
BUILD_FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
LOADED = re.compile(r'<(?:link|script|img|use)\b[^>]*(?:href|src)="([^"#]+)["#]')
IMPORTED = re.compile(r'from "\./([^"]+)"')


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in BUILD_FILES:
        shutil.copy(ROOT / name, source)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet"]
    command = [*pip, *offline, "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    ours = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*")]
    wanted = {str(path) for path in ours if path.suffix in SUFFIXES or path.name == "py.typed"}
    assert wanted <= set(wheel.namelist())
    assert (
        "[console_scripts]\nkue = kue.cli:main"
        in wheel.read(next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))).decode()
    )


def test_a_dashboard_from_the_wheel_serves_all_that_its_pages_load(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "installed")
    place = {"PYTHONPATH": str(tmp_path / "installed")}
    whereabouts = ("-c", "import kue; print(kue.__file__)")
    with Command(folder=tmp_path, program=whereabouts, **place) as command:
        command.assert_success()
        assert command.lines == [str(tmp_path / "installed/kue/__init__.py")]
    dashboard = ("dashboard", "--port", str(free_port()))
    with RedisServer() as redis, Command(*dashboard, folder=tmp_path, KUE_REDIS_URL=redis.url, **place) as command:
        web = listening(command)
        loaded = {"/icon.svg", *LOADED.findall(web.get("/").body.decode())}
        served: set[str] = set()
        while left := sorted(loaded - served):
            path = left[0]
            answer = web.get(path)
            assert (answer.status, bool(answer.body)) == (200, True), path
            served.add(path)
            if path.endswith(".js"):
                folder = path.rpartition("/")[0]
                loaded |= {f"{folder}/{name}" for name in IMPORTED.findall(answer.body.decode())}
    static = [path for path in served if path.startswith("/static/")]
    assert {path.rpartition(".")[2] for path in static} == {"css", "js", "svg"}
