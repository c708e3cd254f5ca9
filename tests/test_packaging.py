"""The wheel holds all that the packages need: every module, script and page, the lock file, the marks of typing."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("kue", "kue_send")
SUFFIXES = (".py", ".lua", ".js", ".json", ".html", ".css")
BUILD_FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in BUILD_FILES:
        shutil.copy(ROOT / name, source)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet"]
    command = [*pip, *offline, "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(command, check=True)
    wheel = zipfile.ZipFile(next(tmp_path.glob("*.whl")))
    ours = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*")]
    wanted = {str(path) for path in ours if path.suffix in SUFFIXES or path.name == "py.typed"}
    assert wanted <= set(wheel.namelist())
    assert (
        "[console_scripts]\nkue = kue.cli:main"
        in wheel.read(next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))).decode()
    )
