"""Runs the code of one section of a page, as its reader would, in an empty folder and beside an empty Redis."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.examples.markdown import ROOT, Section, Step
from tests.interop.node import HERE as INTEROP
from tests.processes import unmeasured

STEP_SECONDS = 60
OUTPUT_SECONDS = 30
STOP_SECONDS = 20
PYTHON_PRELUDE = "from tests.helpers import wait_until\n"
# What would run this very test, or install packages, is only checked: the target exists, the extras exist. The doctor
# does not wait as long as it does beside processes that work, unless the page says for how long.
SHELL_PRELUDE = f"""
set -eu
trap : TERM
make() {{ command make --dry-run --directory '{ROOT}' "$@" >/dev/null; }}
pip() {{ python -m tests.examples.extras "$@"; }}
kue() {{
    case " $* " in
    " server "* | " demo "* | " dashboard --"*) command kue "$@" --help >/dev/null ;;
    *" --grace "*) command kue "$@" ;;
    " doctor "*) command kue "$@" --grace 300ms ;;
    *) command kue "$@" ;;
    esac
}}
redis-cli() {{ command redis-cli -u "$KUE_REDIS_URL" "$@"; }}
"""


def environment(redis_url: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    paths = {"PATH": path, "PYTHONPATH": str(ROOT), "NODE_PATH": str(INTEROP / "node_modules")}
    return unmeasured() | paths | {"KUE_REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}


class Run:
    """A section that runs: its files are written, its steps follow one another, its output is one file."""

    def __init__(self, section: Section, redis_url: str, folder: Path) -> None:
        self._section = section
        self._folder = folder
        self._environment = environment(redis_url)
        self._streams = folder / "output-of-this-section", folder / "errors-of-this-section"
        self._background: list[subprocess.Popen[bytes]] = []

    def carry_out(self) -> None:
        """Do every step, and compare what is printed with what the page shows. Raises `AssertionError`."""
        (self._folder / "examples").symlink_to(ROOT / "examples")
        try:
            for step in (*self._section.steps, Step("stop")):
                if step.kind == "file":
                    (self._folder / step.name).write_text(step.code)
                elif step.kind == "expect":
                    self._expect(step.code)
                elif step.kind == "stop":
                    self._stop_background()
                else:
                    self._run(step)
        finally:
            for process in self._background:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def _run(self, step: Step) -> None:
        if step.kind == "python":
            command = [sys.executable, "-c", PYTHON_PRELUDE + step.code]
        else:
            command = ["bash", "-c", SHELL_PRELUDE + step.code]
        with self._streams[0].open("ab") as output, self._streams[1].open("ab") as errors:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        self._background.append(process)
        if not step.background:
            exit_code = process.wait(STEP_SECONDS)
            self._background.remove(process)
            assert exit_code == step.exit_code, f"{step.code}\nended with {exit_code}:\n{self._output()}"

    def _expect(self, text: str) -> None:
        """What runs in the background may still be at it; what ran in the foreground has printed all.

        What a page shows is what a command prints on one of its streams. Log lines come on the other.
        """
        deadline = time.monotonic() + (OUTPUT_SECONDS if self._background else 0)
        while not any(is_printed(text, printed) for printed in self._printed()):
            assert time.monotonic() < deadline, f"{text!r} is not in what was printed:\n{self._output()}"
            time.sleep(0.02)

    def _stop_background(self) -> None:
        for process in self._background:
            os.killpg(process.pid, signal.SIGTERM)
            exit_code = process.wait(STOP_SECONDS)
            assert exit_code == 0, f"a command in the background ended with {exit_code}:\n{self._output()}"
        self._background.clear()

    def _output(self) -> str:
        return "\n".join(self._printed())

    def _printed(self) -> list[str]:
        return [stream.read_text(errors="replace") if stream.exists() else "" for stream in self._streams]


def is_printed(expected: str, output: str) -> bool:
    """Whether a text is in an output; `...` stands for anything."""
    parts = (re.escape(part) for part in expected.strip("\n").split("..."))
    return re.search(".*?".join(parts), output, re.DOTALL) is not None
