"""Every block of code in the README and in the pages of docs/ runs, and prints what its page says."""

import configparser
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from _pytest.mark import ParameterSet

from kue.cli.app import app
from tests.conftest import absent
from tests.examples.markdown import PAGES, ROOT, Section, section, sections, unread_fences
from tests.examples.running import Run, environment, is_printed
from tests.interop.node import what_is_missing

README = ROOT / "README.md"
BESIDE_NODE = "Beside Node"
BY_REPLICATION = "Copy by replication"  # in docs/guides/moving.md; see test_moving.py
EXAMPLES = ROOT / "docs" / "examples.md"  # shows the programs that test_examples.py runs
SECTIONS = [part for page in PAGES if page != EXAMPLES for part in sections(page)]
ELSEWHERE = {BESIDE_NODE, BY_REPLICATION}  # need Node or a second Redis: these have tests of their own
TO_RUN = [part for part in SECTIONS if part.runs and part.title not in ELSEWHERE]
LANGUAGES = {"js", "ini", "dockerfile", "yaml", "nginx"}  # others than python, sh and text, which are run or compared
KUE_COMMAND = re.compile(r"^(?:\S*/)?kue ((?:worker|doctor|server|demo)\b.*)$")


def marked(part: Section) -> ParameterSet:
    return pytest.param(part, id=part.name, marks=[] if part.page == README else [pytest.mark.slow])


@pytest.mark.parametrize("part", [marked(part) for part in TO_RUN])
def test_the_code_of_a_section_runs(part: Section, redis_url: str, tmp_path: Path) -> None:
    assert part.has_checks or all(step.kind != "python" for step in part.steps), "say what the code must print or do"
    Run(part, redis_url, tmp_path).carry_out()


def test_no_block_of_code_escapes() -> None:
    offenders = [f"{page.relative_to(ROOT)}: {line}" for page in PAGES for line in unread_fences(page)]
    offenders += [f"{part.name}: nothing runs {sorted(part.files)}" for part in SECTIONS if _idle_files(part)]
    others = [(part.name, language) for part in SECTIONS for language, _ in part.other_code]
    offenders += [f"{name}: a block of {language}" for name, language in others if language not in LANGUAGES]
    assert not offenders


def _idle_files(part: Section) -> bool:
    return any(name.endswith(".py") for name in part.files) and not part.runs


def test_the_page_of_examples_shows_each_program_whole() -> None:
    shown = re.findall(r"^```\w+\n--8<--\nexamples/(.*)\n--8<--\n```$", EXAMPLES.read_text(), re.MULTILINE)
    programs = [path.name for path in (ROOT / "examples").iterdir() if path.suffix in (".py", ".js")]
    assert sorted(shown) == sorted(programs)


# --- what cannot be run here: services, containers ---


def test_the_commands_in_service_files_are_commands_of_kue() -> None:
    commands = [(part.name, command) for part in SECTIONS for command in _service_commands(part)]
    assert len(commands) >= 2
    group = typer.main.get_group(app)
    for name, command in commands:
        found = KUE_COMMAND.match(command)
        assert found, f"{name}: {command}"
        subcommand, *arguments = shlex.split(found[1])
        group.commands[subcommand].make_context(subcommand, arguments)


def _service_commands(part: Section) -> list[str]:
    commands = []
    for name, text in part.files.items():
        if name.endswith(".service"):
            unit = configparser.RawConfigParser()
            unit.read_string(text)
            commands.append(unit["Service"]["ExecStart"])
        elif name == "Dockerfile":
            found = re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)
            commands.append(" ".join(json.loads(found[1])) if found else text)
    return commands


# --- with Node ---


@pytest.mark.node
def test_the_two_sides_of_beside_node_meet(redis_url: str) -> None:
    missing = what_is_missing()
    if missing:
        absent(missing)
    part = section(README, BESIDE_NODE)
    ((_, javascript),) = part.other_code
    script = javascript.replace("createQueue()", f"createQueue({{redis: '{redis_url}'}})")
    assert redis_url in script
    step = next(step for step in part.steps if step.kind == "python")
    python = subprocess.Popen(
        [sys.executable, "-c", step.code],
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
        assert part.expected
        assert all(is_printed(text, output) for text in part.expected), output
    finally:
        for process in (node, python):
            process.kill()
            process.communicate()
