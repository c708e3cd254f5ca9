"""The house rules that a program can check: heads, lengths, and no trace of the machine it was written on."""

import functools
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("kue", "kue_send", "tests", "examples", "benchmarks", "docs", ".ci")
NOT_OURS = {"node_modules", "__pycache__"}
PRODUCT = ("kue", "kue_send")
MAX_LINES = 250  # of a product file
MAX_LINES_ELSEWHERE = 300  # of a Python file of the tests, the examples and the benchmarks
FEWEST_LINES = 25  # a smaller Python file of the product needs a reason to stand alone
MAY_BE_SMALL = {"__init__.py", "__main__.py"}
REASONS_TO_BE_SMALL = {
    "kue/cli/demo/dashboard_process.py": "a program of its own",
    "kue/cli/options.py": "three commands have them",
    "kue/common/backoff.py": "one rule that each thread with a connection of its own follows",
    "kue/common/forks.py": "one fact about the process, which rooms far apart ask for",
    "kue/common/interruption.py": "one rule that rooms follow which read values of the application",
    "kue/common/javascript.py": "one rule that the HTTP API and the search index follow",
    "kue/common/signature.py": "one fault of Python, which three rooms meet",
    "kue/common/version.py": "setup.cfg reads it, and whoever makes a release looks for it",
    "kue/web/refused.py": "the exception that every part of it raises, and that imports none of them",
    "kue/web/priority.py": "one rule that both HTTP APIs follow",
    "kue/web/health.py": "the one route that is open to all",
    "kue/store/batch_size.py": "one rule for all reads of values that may be large",
    "kue/maintenance/tokens.py": "a periodic duty, and each of these has a file",
    "kue/maintenance/unindexing.py": "a periodic duty, and each of these has a file",
}
DOCSTRING = re.compile(r'(?:#.*\n)*r?"""\s*[^\s"]')
MACHINE_PATH = re.compile(r"(?<![\w./:@-])/(?:root|work|home|Users)/\w")


@functools.cache
def our_files() -> list[Path]:
    top = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    found = [*top, *(path for folder in FOLDERS for path in files_below(ROOT / folder))]
    return sorted(path for path in found if not path.name.startswith(".coverage"))


def files_below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - NOT_OURS)  # os.walk enters only those that are left
        yield from (Path(place) / file for file in files)


def named(suffix: str, *folders: str) -> list[Path]:
    """Our files with a suffix, in some of the folders or in all."""
    files = [path for path in our_files() if path.suffix == suffix]
    return [path for path in files if not folders or path.relative_to(ROOT).parts[0] in folders]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def length(path: Path) -> int:
    return len(path.read_text().splitlines())


def lengths(paths: list[Path]) -> list[str]:
    """Files with their lengths, the longest first."""
    return [f"{relative(path)}: {length(path)} lines" for path in sorted(paths, key=length, reverse=True)]


def test_every_python_file_names_its_duty_in_a_docstring_at_its_head() -> None:
    sources = {relative(path): path.read_text() for path in named(".py")}
    # an empty __init__.py marks a package and needs no words
    assert [name for name, text in sources.items() if text.strip() and not DOCSTRING.match(text)] == []


def test_every_lua_script_names_its_duty_in_a_comment_at_its_head() -> None:
    scripts = named(".lua", "kue")
    assert scripts
    assert [relative(path) for path in scripts if not path.read_text().startswith("-- ")] == []


def test_no_file_of_the_product_is_too_long() -> None:
    product = [path for suffix in (".py", ".lua", ".js") for path in named(suffix, *PRODUCT)]
    assert {path.suffix for path in product} == {".py", ".lua", ".js"}
    assert lengths([path for path in product if length(path) > MAX_LINES]) == []


def test_no_other_python_file_is_too_long() -> None:
    others = sorted({*named(".py")} - {*named(".py", *PRODUCT)})
    assert lengths([path for path in others if length(path) > MAX_LINES_ELSEWHERE]) == []


def test_no_small_file_of_the_product_stands_alone_without_a_reason() -> None:
    files = [path for path in named(".py", *PRODUCT) if path.name not in MAY_BE_SMALL]
    small = [path for path in files if length(path) < FEWEST_LINES]
    assert lengths([path for path in small if relative(path) not in REASONS_TO_BE_SMALL]) == []
    assert set(REASONS_TO_BE_SMALL) <= {relative(path) for path in small}, "a reason for a file that is not small"


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


def test_every_lock_file_pins_every_package_and_is_tied_to_no_private_registry() -> None:
    locks = {relative(path): path.read_text() for path in our_files() if path.name == "package-lock.json"}
    ours = ("tests/interop", "tests/typing", "tests/web/scripts", "kue/cli/demo")
    assert locks.keys() >= {f"{folder}/package-lock.json" for folder in ours}
    assert {name: found for name, text in locks.items() if (found := tied(text))} == {}
    assert [name for name, text in locks.items() if len(json.loads(text)["packages"]) < 2] == []


def test_the_node_peer_is_kue_0_11_6() -> None:
    packages = json.loads((ROOT / "tests/interop/package-lock.json").read_text())["packages"]
    assert packages["node_modules/kue"]["version"] == "0.11.6"


def test_the_demo_installs_what_the_tests_run() -> None:
    demo, tests = (
        json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
        for folder in ("kue/cli/demo", "tests/interop")
    )
    assert demo.pop("")["dependencies"] == {"kue": "0.11.6"}
    assert {name: package for name, package in demo.items() if tests.get(name) != package} == {}


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
def test_a_package_from_elsewhere_or_without_a_checksum_is_found(package: dict[str, object]) -> None:
    pinned = {"resolved": NPM, "integrity": "sha512-x"}
    assert len(tied(json.dumps({"packages": {"": {}, "node_modules/kue": package}}))) == 1
    assert tied(json.dumps({"packages": {"": {}, "node_modules/kue": pinned}})) == []


def test_every_shell_script_is_executable_and_parses() -> None:
    scripts = sorted((ROOT / ".ci").iterdir())
    assert {path.name for path in scripts} >= {"run", "pythons"}
    assert [relative(path) for path in scripts if not path.stat().st_mode & 0o111] == []
    assert [relative(path) for path in scripts if subprocess.run(["bash", "-n", path], check=False).returncode] == []
