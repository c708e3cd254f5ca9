"""Type checkers report each line of `mistakes.py`, and nothing in `right.py`.

Both files are checked as those of a user, in a folder of their own, with kue installed like any other package.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.conftest import absent

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PYRIGHT = HERE / "node_modules" / "pyright" / "index.js"
MARK = "# --- each line from here on is a mistake ---"
Line = tuple[str, int]


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A folder with both files, and a Python in `env` that has kue and the packages of this environment.

    A path file puts them there: type checkers do not follow the way in which pip installs an editable package.
    """
    for name in ("right.py", "mistakes.py"):
        shutil.copy(HERE / name, tmp_path)
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    (site_packages,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    (site_packages / "kue.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return tmp_path


def mistakes() -> set[Line]:
    lines = (HERE / "mistakes.py").read_text().splitlines()
    below = range(lines.index(MARK) + 1, len(lines))
    return {("mistakes.py", n + 1) for n in below if lines[n] and not lines[n].startswith("#")}


def shown(lines: set[Line]) -> list[str]:
    return [f"{name}:{n} {(HERE / name).read_text().splitlines()[n - 1]}" for name, n in sorted(lines)]


@pytest.mark.slow
def test_mypy_strict_reports_each_mistake_and_nothing_else(user: Path) -> None:
    options = ["--strict", "--output", "json", "--python-executable", "env/bin/python"]
    command = [sys.executable, "-m", "mypy", *options, "right.py", "mistakes.py"]
    done = subprocess.run(command, cwd=user, capture_output=True, text=True, check=False)
    if "No module named mypy" in done.stderr:
        absent("mypy is not installed: pip install 'kue[dev]'")
    assert done.stderr == ""
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    found = {(report["file"], report["line"]) for report in reports if report["severity"] == "error"}
    assert shown(mistakes() - found) == [], "not reported"
    assert shown(found - mistakes()) == [], "reported, but right"


@pytest.mark.node
def test_pyright_reports_each_mistake_and_nothing_else(user: Path) -> None:
    """In its basic mode, the mildest that reports types; `right.py` asks for the strict one."""
    if not shutil.which("node") or not PYRIGHT.is_file():
        absent("pyright is not installed: `npm ci` in tests/typing installs it (packages nodejs and npm)")
    config = {"include": ["right.py", "mistakes.py"], "typeCheckingMode": "basic"}
    (user / "pyrightconfig.json").write_text(json.dumps(config))
    command = ["node", str(PYRIGHT), "--outputjson", "--pythonpath", "env/bin/python"]
    done = subprocess.run(command, cwd=user, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert answer["summary"]["filesAnalyzed"] == 2
    reports = answer["generalDiagnostics"]
    found = {(Path(report["file"]).name, report["range"]["start"]["line"] + 1) for report in reports}
    assert shown(mistakes() - found) == [], "not reported"
    assert shown(found - mistakes()) == [], "reported, but right"
