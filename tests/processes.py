"""Child processes that end with the process that started them, however that one ends."""

import os
import shutil
import signal
import subprocess

SETPRIV = shutil.which("setpriv")
ENV = shutil.which("env")


def tied(command: list[str]) -> list[str]:
    """The command, so wrapped that the kernel kills it when its parent dies, even of SIGKILL.

    Linux ties a child to the thread that started it: start such a process from the main thread. Where
    there is no setpriv (it comes with Linux's util-linux), the child is left to whoever calls `end`.

    Signals do in it what they do by default, also if the tests run in the background or under nohup, where some are
    ignored.
    """
    default = [ENV, "--default-signal=HUP,INT,QUIT"] if ENV else []
    return [SETPRIV, "--pdeathsig", "KILL", *default, *command] if SETPRIV else [*default, *command]


def unmeasured() -> dict[str, str]:
    """The environment without the wish for coverage, for programs that run none of the package for the first time.

    Each process starts in two thirds of the time, and one that runs the package hard is not slowed down by half.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}


def end(process: "subprocess.Popen[bytes]", patience: float = 10) -> None:
    """Ask a process to end, even one that is stopped; kill it when it does not."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
