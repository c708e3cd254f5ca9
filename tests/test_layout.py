"""The house rules that a program can check: heads, lengths, and no trace of the machine it was written on."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("kue", "kue_send", "tests", "examples", "benchmarks", "docs", ".ci")
NOT_OURS = {"node_modules", "__pycache__"}
MAX_LINES = 310
MACHINE_PATH = re.compile(r"(?<![\w./:@-])/(?:root|work|home|Users)/\w")


def our_files() -> list[Path]:
    top = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    ours = [path for path in (*top, *below) if not NOT_OURS.intersection(path.parts)]
    return sorted(path for path in ours if not path.name.startswith(".coverage"))


def named(suffix: str, *folders: str) -> list[Path]:
    """Our files with a suffix, in some of the folders or in all."""
    files = [path for path in our_files() if path.suffix == suffix]
    return [path for path in files if not folders or path.relative_to(ROOT).parts[0] in folders]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


each_python_file = pytest.mark.parametrize("path", named(".py"), ids=relative)
each_lua_file = pytest.mark.parametrize("path", named(".lua", "kue"), ids=relative)


@each_python_file
def test_a_python_file_says_its_duty_and_is_short(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) < MAX_LINES
    if source.strip():  # an empty __init__.py marks a package and needs no words
        assert ast.get_docstring(ast.parse(source)), f"{relative(path)} has no docstring at its head"


@each_lua_file
def test_a_script_says_its_duty_and_is_short(path: Path) -> None:
    source = path.read_text()
    assert source.startswith("-- "), f"{relative(path)} opens without a comment"
    assert len(source.splitlines()) < MAX_LINES


def test_no_file_names_a_place_on_one_machine() -> None:
    found = []
    for path in our_files():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        places = [(number, line) for number, line in enumerate(lines, 1) if MACHINE_PATH.search(line)]
        found += [f"{relative(path)}:{number}: {line}" for number, line in places]
    assert not found


LOCKS = [path for path in our_files() if path.name == "package-lock.json"]
NPM = "https://registry.npmjs.org/"


def tied(lock: str) -> list[str]:
    """What in a lock file is tied to a place other than npm's registry, or not pinned to one content."""
    found = []
    for name, package in json.loads(lock)["packages"].items():
        if name == "":
            continue
        place = package.get("resolved", NPM)  # one that names no place is sought wherever npm is set up to look
        if not place.startswith(NPM) or not package.get("integrity", "").startswith("sha512-") or package.get("link"):
            found.append(f"{name}: {place}")
    return found


@pytest.mark.parametrize("path", LOCKS, ids=relative)
def test_a_lock_file_pins_every_package_and_is_tied_to_no_private_registry(path: Path) -> None:
    lock = path.read_text()
    assert tied(lock) == []
    assert len(json.loads(lock)["packages"]) > 1


def test_the_lock_files_are_found_and_the_node_peer_is_the_kue_that_is_meant() -> None:
    assert {relative(path) for path in LOCKS} >= {"tests/interop/package-lock.json"}
    packages = json.loads((ROOT / "tests/interop/package-lock.json").read_text())["packages"]
    assert packages["node_modules/kue"]["version"] == "0.11.6"


@pytest.mark.parametrize(
    "package",
    [
        {"resolved": "https://npm.example.com/kue/-/kue-0.11.6.tgz", "integrity": "sha512-x"},
        {"resolved": "http://registry.npmjs.org/kue/-/kue-0.11.6.tgz", "integrity": "sha512-x"},
        {"resolved": "git+ssh://git@github.com/Automattic/kue.git#0", "integrity": "sha512-x"},
        {"resolved": "../kue", "link": True},
        {"resolved": "https://registry.npmjs.org/kue/-/kue-0.11.6.tgz"},
        {"integrity": "sha1-x"},
    ],
    ids=str,
)
def test_a_lock_file_with_anything_else_would_be_found(package: dict[str, object]) -> None:
    assert len(tied(json.dumps({"packages": {"": {}, "node_modules/kue": package}}))) == 1
    assert (
        tied(json.dumps({"packages": {"": {}, "node_modules/kue": {"resolved": NPM, "integrity": "sha512-x"}}})) == []
    )


@pytest.mark.parametrize("script", [".ci/run", ".ci/pythons"])
def test_a_shell_script_is_executable_and_parses(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", path], check=True)
