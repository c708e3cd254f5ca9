"""The kue command itself: its version, its help, what it prints without its extra, and what is shipped for it."""

import configparser
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kue
from kue.cli.app import app
from kue.cli.worker.logs import LogFormat, LogLevel, LogOptions
from tests.cli.command import ROOT, Command

Start = Callable[..., Command]


def test_the_command_prints_its_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"kue {kue.__version__}\n")


@pytest.mark.parametrize("level", ["info", "INFO", "Info"])
@pytest.mark.parametrize("format", ["json", "JSON"])
def test_a_level_and_a_format_of_logs_may_be_given_in_any_case(
    monkeypatch: pytest.MonkeyPatch, level: str, format: str
) -> None:
    given: list[LogOptions] = []
    monkeypatch.setattr("kue.cli.app.run_worker", lambda target, stopping, logs: given.append(logs))
    result = CliRunner().invoke(app, ["worker", "tasks:queue", "--log-level", level, "--log-format", format])
    assert (result.exit_code, given) == (0, [LogOptions(LogLevel.info, LogFormat.json)])


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    text, commands = result.stdout.split("Commands", 1)
    for name in ("worker", "server", "doctor", "demo"):
        assert re.search(rf"\bkue {name}\b", " ".join(text.split()))
        assert re.search(rf"\b{name}\b", commands)


@pytest.mark.slow
@pytest.mark.parametrize("absent", ["typer", "rich"])
def test_the_command_explains_how_to_install_its_extra(tmp_path: Path, absent: str) -> None:
    hidden = f"import sys; sys.modules[{absent!r}] = None; from kue.cli import main; main()"
    with Command("--version", folder=tmp_path, program=("-c", hidden)) as command:
        assert command.wait() == 1
        assert command.errors == [f"kue: the command line needs {absent}: pip install 'kue[cli]'"]


@pytest.mark.slow
def test_kue_itself_does_not_load_what_the_command_needs() -> None:
    seen = "import sys, kue, kue_send; print([name for name in ('typer', 'rich', 'click') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", seen], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_the_scripts_for_node_are_shipped() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    patterns = [line for line in config["options.package_data"]["kue"].split("\n") if line and line[0] != "#"]
    shipped = {path for pattern in patterns for path in (ROOT / "kue").glob(pattern)}
    scripts = set((ROOT / "kue").rglob("*.js"))
    assert {path.name for path in scripts} >= {"producer.js", "worker.js"}
    assert scripts <= shipped


@pytest.mark.slow
def test_the_command_prints_to_an_output_that_is_not_unicode(start: Start) -> None:
    command = start("--help", PYTHONIOENCODING="ascii", LC_ALL="C")
    command.assert_success()
    assert command.errors == []
