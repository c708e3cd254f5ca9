"""Type checkers report each line of `mistakes.py`, and nothing in `right.py`, README, the examples and the package.

All but the package is checked as the code of a user, in a folder of its own, with kue installed like any other package.
"""

import json
import re
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


def pyright(folder: Path, include: list[str], mode: str, *, files: int) -> dict[Line, str]:
    """What pyright reports, by file and line. `files` is how many it must look at."""
    if not shutil.which("node") or not PYRIGHT.is_file():
        absent("pyright is not installed: `npm ci` in tests/typing installs it (packages nodejs and npm)")
    config = {"include": include, "exclude": [], "typeCheckingMode": mode, "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    command = ["node", str(PYRIGHT), "--outputjson", "--pythonpath", "env/bin/python"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert answer["summary"]["filesAnalyzed"] == files
    reports = answer["generalDiagnostics"]
    return {(Path(one["file"]).name, one["range"]["start"]["line"] + 1): one["message"] for one in reports}


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


@pytest.fixture
def shown_to_users(user: Path) -> Path:
    """The examples and the programs of README, each in a file, in the folder `shown`."""
    place = user / "shown"
    shutil.copytree(ROOT / "examples", place, ignore=shutil.ignore_patterns("*.js", "*.md", "__pycache__"))
    programs = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(programs) > 1
    for number, program in enumerate(programs, 1):
        (place / f"readme_{number}.py").write_text(program)
    return user


def count_shown(folder: Path) -> int:
    count = len(list((folder / "shown").glob("*.py")))
    assert count > 30
    return count


@pytest.mark.node
@pytest.mark.timeout(600)
def test_pyright_reports_each_mistake_and_nothing_in_the_readme_and_the_examples(shown_to_users: Path) -> None:
    """In its basic mode, the mildest that reports types; `right.py` asks for the strict one."""
    include = ["right.py", "mistakes.py", "shown"]
    found = pyright(shown_to_users, include, "basic", files=2 + count_shown(shown_to_users))
    assert shown(mistakes() - found.keys()) == [], "not reported"
    assert {line: report for line, report in found.items() if line not in mistakes()} == {}, "reported, but right"


@pytest.mark.node
@pytest.mark.timeout(600)
def test_pyright_in_its_strict_mode_reports_nothing_in_the_readme_and_the_examples(shown_to_users: Path) -> None:
    assert pyright(shown_to_users, ["shown"], "strict", files=count_shown(shown_to_users)) == {}


@pytest.mark.node
@pytest.mark.timeout(600)
def test_pyright_in_its_basic_mode_reports_nothing_in_the_package(user: Path) -> None:
    for package in ("kue", "kue_send"):
        shutil.copytree(ROOT / package, user / package, ignore=shutil.ignore_patterns("__pycache__"))
    files = sum(len(list((user / package).rglob("*.py"))) for package in ("kue", "kue_send"))
    assert files > 100
    assert pyright(user, ["kue", "kue_send"], "basic", files=files) == {}
