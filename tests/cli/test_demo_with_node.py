"""`kue demo --with-node`: real Kue takes part, both sides count who ran what, and what is missing is reported.

Most tests give it an npm that takes the packages from tests/interop; one installs them as a user does.
"""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from kue.cli.demo.scenario import NODE_PARTS, PYTHON_PARTS
from tests.cli.command import Command, is_alive, is_listening
from tests.cli.programs import play_of
from tests.cli.summary import read_summary
from tests.cli.test_demo import assert_it_adds_up, workers_of, workers_that_were_ready
from tests.conftest import absent
from tests.helpers import wait_until
from tests.interop.node import HERE as INTEROP
from tests.interop.node import what_is_missing

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]
PLAY_WITH_NODE = ("kue.cli.demo.handlers:serve", "30", "240", "--with-node")  # of the demo's own workers


@pytest.fixture
def programs(tmp_path: Path) -> Callable[..., str]:
    """A PATH on which there are only these programs, each given as a shell script."""
    folder = tmp_path / "programs"
    folder.mkdir()

    def make(**scripts: str) -> str:
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
        return str(folder)

    return make


@pytest.fixture
def with_kue(programs: Callable[..., str]) -> str:
    """A PATH with real Node, and an npm that needs no network."""
    missing = what_is_missing()
    if missing:
        absent(missing)
    link = f'{shutil.which("ln")} -s "{INTEROP / "node_modules"}" node_modules'
    npm = f'[ "$1" = ci ] && [ -s package-lock.json ] && exec {link}'
    return programs(node=f'exec {shutil.which("node")} "$@"', npm=npm)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """A folder for the temporary files of a demo."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def node_processes(folder: Path) -> list[int]:
    """The Node processes of a demo whose temporary folder is in this one."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            command, place = (process / "cmdline").read_bytes().split(b"\0"), (process / "cwd").readlink()
        except OSError:
            continue
        if command[1:2] in ([b"producer.js"], [b"worker.js"]) and place.is_relative_to(folder):
            found.append(int(process.name))
    return found


def assert_both_sides_took_part(demo: Command) -> None:
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.deviations == []
    assert summary.types == [part.type for part in (*PYTHON_PARTS, *NODE_PARTS)]
    parties, rows = summary.parties, summary.rows
    assert set(parties) == set(rows)
    for type, who in parties.items():
        assert who["python created"] + who["node created"] == rows[type]["created"]
        assert who["python ran"] + who["node ran"] == rows[type]["complete"] + rows[type]["failed"]
    assert (parties["invoice"]["python created"], parties["invoice"]["node ran"]) == (0, 0)
    assert (parties["sms"]["node created"], parties["sms"]["python ran"]) == (0, 0)
    assert min(parties["geocode"].values()) > 0
    created, ran = parties["total"]["node created"], parties["total"]["node ran"]
    runs = ran + rows["sms"]["retries"]
    retries = rows["invoice"]["retries"]
    producer = f"Node created {created} jobs and received the end of {created}, after {retries} retries; "
    assert f"{producer}its worker ran {ran} jobs in {runs} runs" in demo.lines
    assert demo.lines[-1] == "every job ended as expected"


@pytest.mark.node
@pytest.mark.timeout(400)
def test_the_demo_installs_kue_from_npm(start: Start, module: Module) -> None:
    missing = what_is_missing()
    if missing:
        absent(missing)
    module("play", play_of(show=4))
    demo = start(*PLAY_WITH_NODE, program=("play.py",))
    demo.assert_success(300)
    assert demo.lines[0] == "installing kue@0.11.6 in a temporary folder ..."
    assert_both_sides_took_part(demo)


@pytest.mark.node
def test_the_demo_with_node_leaves_nothing_behind(start: Start, module: Module, with_kue: str, temporary: Path) -> None:
    module("play", play_of(show=4))
    demo = start(*PLAY_WITH_NODE, program=("play.py",), PATH=with_kue, TMPDIR=str(temporary))
    port = int(demo.wait_for(r" on redis://127\.0\.0\.1:(\d+)/0$")[0][1])
    node = wait_until(lambda: (found := node_processes(temporary)) and len(found) == 2 and found, 30)
    demo.assert_success()
    assert_both_sides_took_part(demo)
    assert not [pid for pid in (*node, *workers_that_were_ready(demo)) if is_alive(pid)]
    assert not is_listening(port)
    assert list(temporary.iterdir()) == []


@pytest.mark.node
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_node_processes_too(start: Start, with_kue: str, temporary: Path, number: int) -> None:
    demo = start("demo", "--with-node", "--seconds", "60", PATH=with_kue, TMPDIR=str(temporary))
    demo.wait_for(r"[1-9]\d* complete")
    assert len(node := node_processes(temporary)) == 2
    demo.signal(number)
    assert demo.wait() == 128 + number
    assert demo.lines[-1] == "interrupted"
    assert not [pid for pid in node if is_alive(pid)]
    assert list(temporary.iterdir()) == []


@pytest.mark.node
def test_a_killed_demo_leaves_no_node_behind(start: Start, with_kue: str, temporary: Path) -> None:
    demo = start("demo", "--with-node", "--seconds", "60", PATH=with_kue, TMPDIR=str(temporary))
    workers = workers_of(demo)
    demo.wait_for(r"[1-9]\d* complete")
    node = node_processes(temporary)
    assert len(node) == 2
    demo.signal(signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, node)), 30)
    for pid in workers:  # that these end is tested in test_demo.py, and they take their time without a server
        os.kill(pid, signal.SIGKILL)


@pytest.mark.node
def test_the_demo_reports_a_node_process_that_dies(start: Start, programs: Callable[..., str], with_kue: str) -> None:
    node = shutil.which("node")
    programs(node=f'case "$1" in worker.js) exit 7;; esac; exec {node} "$@"')
    demo = start("demo", "--with-node", "--seconds", "15", PATH=with_kue)
    assert demo.wait() == 1
    assert demo.errors == ["kue: the demo stopped early: Node's worker.js ended with code 7"]


@pytest.mark.parametrize(("there", "missing"), [((), "node"), (("node",), "npm")])
def test_the_demo_names_the_program_that_is_not_installed(
    start: Start, programs: Callable[..., str], there: tuple[str, ...], missing: str
) -> None:
    demo = start("demo", "--with-node", PATH=programs(**dict.fromkeys(there, "exit 0")))
    assert demo.wait() == 1
    assert demo.errors == [f"kue: --with-node needs {missing}, which is not installed here"]


def test_the_demo_reports_an_installation_that_fails(start: Start, programs: Callable[..., str]) -> None:
    npm = "echo 'npm error code ENOTFOUND' >&2; echo 'npm error the registry is away' >&2; exit 1"
    demo = start("demo", "--with-node", PATH=programs(node="exit 0", npm=npm))
    assert demo.wait() == 1
    assert demo.errors == [
        "kue: npm could not install kue@0.11.6: npm error code ENOTFOUND / npm error the registry is away"
    ]


def test_a_signal_ends_the_installation(start: Start, programs: Callable[..., str], tmp_path: Path) -> None:
    sleep = shutil.which("sleep")
    npm = f'echo $$ > "{tmp_path}/npm.pid.new"; {shutil.which("mv")} "{tmp_path}/npm.pid.new" "{tmp_path}/npm.pid"; '
    demo = start("demo", "--with-node", PATH=programs(node="exit 0", npm=f"{npm} exec {sleep} 600"))
    demo.wait_for("installing")
    wait_until((tmp_path / "npm.pid").exists, 30)
    pid = int((tmp_path / "npm.pid").read_text())
    demo.signal(signal.SIGTERM)
    assert demo.wait() == 128 + signal.SIGTERM
    assert not is_alive(pid)
