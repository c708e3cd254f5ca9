"""The scripts of the pages have sound types and pass the linter, and node's own runner runs the tests of their modules.

The tools come from npm, by the lock file in `scripts`. Nothing is built: browsers get the files as they are written.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from kue.web.pages.assets import FOLDER
from tests.conftest import absent

pytestmark = [pytest.mark.slow, pytest.mark.node]
ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent / "scripts"
MODULES = HERE / "node_modules"
TSC = MODULES / "typescript" / "bin" / "tsc"
LINTER = MODULES / "oxlint" / "bin" / "oxlint"


@pytest.fixture(autouse=True)
def tools() -> None:
    if not shutil.which("node") or not (TSC.is_file() and LINTER.is_file()):
        absent(
            "tsc and oxlint are not installed: `npm ci` in tests/web/scripts installs them (packages nodejs and npm)"
        )


def node(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["node", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def check_types(project: Path) -> list[str]:
    return node(TSC, "--pretty", "false", "--project", project).stdout.splitlines()


def lint(*paths: Path) -> list[str]:
    options = ["--config", HERE / "oxlint.json", "--no-ignore", "--deny-warnings", "--format", "unix"]
    done = node(LINTER, *options, *(path.relative_to(ROOT) for path in paths))
    lines = done.stdout.splitlines() + done.stderr.splitlines()
    return [line for line in lines if line] if done.returncode else []


def test_the_types_of_the_scripts_are_sound() -> None:
    assert check_types(HERE) == []


def test_a_wrong_type_in_a_script_is_found(tmp_path: Path) -> None:
    (tmp_path / "wrong.js").write_text('/** @type {number} */\nexport const count = "three";\n')
    settings = (HERE / "tsconfig.json").read_text().replace("../../../kue/web/static/*.js", "*.js")
    (tmp_path / "tsconfig.json").write_text(settings)
    [report] = check_types(tmp_path)
    assert "wrong.js(2,14): error TS2322" in report


def test_the_linter_finds_nothing_in_the_scripts_and_their_tests() -> None:
    assert lint(FOLDER, *HERE.glob("*.js")) == []


def test_the_tests_of_the_modules_pass() -> None:
    files = sorted(HERE.glob("*.test.js"))
    assert files
    done = node("--test", *files)
    assert done.returncode == 0, done.stdout
