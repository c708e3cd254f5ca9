"""The code in the README and in the pages of docs/ runs, and the tables of the README match the package."""

import ast
import builtins
import dataclasses
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kue
from kue.options.job import JOB_OPTIONS
from kue.options.queue import QueueOptions
from kue.store.messages import ARGUMENTS
from tests.conftest import absent
from tests.examples.markdown import Section, section, sections, table
from tests.interop.node import HERE as INTEROP
from tests.interop.node import what_is_missing

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
BESIDE_NODE = "Beside Node"
SCRIPTS = [part for page in PAGES for part in sections(page) if part.script]
PRELUDE = "from tests.helpers import wait_until\n"


def environment(redis_url: str) -> dict[str, str]:
    paths = {"PYTHONPATH": str(ROOT), "NODE_PATH": str(INTEROP / "node_modules")}
    return os.environ | paths | {"KUE_REDIS_URL": redis_url}


def told(part: Section, output: str) -> bool:
    return all(text.replace("\\n", "\n") in output for text in part.prints)


@pytest.mark.parametrize(
    "part", [part for part in SCRIPTS if not part.javascript], ids=lambda part: f"{part.page}: {part.title}"
)
def test_the_code_of_a_section_runs(part: Section, redis_url: str, tmp_path: Path) -> None:
    assert part.checks, "say in a hidden comment what the code does"
    ended = subprocess.run(
        [sys.executable, "-c", PRELUDE + part.script],
        cwd=tmp_path,
        env=environment(redis_url),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, part.script + ended.stderr
    assert told(part, ended.stdout), ended.stdout + ended.stderr


@pytest.mark.node
def test_the_two_sides_of_beside_node_meet(redis_url: str) -> None:
    missing = what_is_missing()
    if missing:
        absent(missing)
    part = section(README, BESIDE_NODE)
    script = part.javascript.replace("createQueue()", f"createQueue({{redis: '{redis_url}'}})")
    assert redis_url in script
    python = subprocess.Popen(
        [sys.executable, "-c", part.script],
        env=environment(redis_url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    node = subprocess.Popen(["node", "-e", script], env=environment(redis_url), stdout=subprocess.PIPE, text=True)
    try:
        assert node.stdout is not None
        assert node.stdout.readline() == "resized to 320\n"
        output, _ = python.communicate("", timeout=30)
        assert python.returncode == 0
        assert told(part, output), output
    finally:
        for process in (node, python):
            process.kill()
            process.communicate()


# --- tables ---


def name_in(cell: str) -> str:
    return cell.strip("`")


def test_the_table_of_job_options_has_each_with_its_default() -> None:
    rows = table(README.read_text(), "job option")
    documented = {name_in(name): ast.literal_eval(name_in(default)) for name, default, _ in rows}
    assert documented == {name: option.default for name, option in JOB_OPTIONS.items()}


def test_the_table_of_queue_options_has_each_with_its_default() -> None:
    rows = table(README.read_text(), "queue option")
    documented = {name_in(name): ast.literal_eval(name_in(default)) for name, default, _ in rows}
    known: dict[str, Any] = {row.name: row.metadata["default"] for row in dataclasses.fields(QueueOptions)}
    usual = QueueOptions.read()
    known["redis"] = inspect.signature(kue.Queue).parameters["redis"].default
    known["promotion"] = dataclasses.asdict(usual.promotion)
    assert documented == known


def test_the_documented_defaults_are_what_none_of_them_gives() -> None:
    rows = table(README.read_text(), "queue option")
    documented = {name_in(name): ast.literal_eval(name_in(default)) for name, default, _ in rows}
    del documented["redis"]
    assert QueueOptions.read(**documented) == QueueOptions.read()


def test_the_table_of_events_has_each_with_its_arguments() -> None:
    rows = table(README.read_text(), "event")
    documented = {name_in(name): len([part for part in args.split(",") if part]) for name, args, _ in rows}
    assert documented == ARGUMENTS


def test_the_table_of_errors_has_each_with_its_built_in() -> None:
    rows = table(README.read_text(), "error")
    assert {name_in(name) for name, *_ in rows} == set(kue.errors.__all__) - {"KueError"}
    for name, also, _ in rows:
        error = getattr(kue, name_in(name))
        assert issubclass(error, kue.KueError)
        if also:
            assert issubclass(error, getattr(builtins, name_in(also)))
        else:
            assert not [base for base in error.__mro__ if base.__module__ == "builtins" and base not in PLAIN]


PLAIN = (Exception, BaseException, object)
