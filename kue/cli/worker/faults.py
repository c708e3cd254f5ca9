"""Shows what a module raised while it was imported: as one line, and as a traceback that begins in that module."""

from __future__ import annotations

import importlib
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from kue.errors import KueError

_KUE = Path(__file__).parents[2]
_OURS = (str(_KUE), str(_KUE.with_name("kue_send")), str(Path(importlib.__file__).parent), "<frozen importlib")
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def described(problem: BaseException) -> str:
    """One line: the exception, and the last line of the user's code on the way to it."""
    text = " ".join(f"{type(problem).__name__}: {problem}".split())
    frames = traceback.extract_tb(problem.__traceback__)
    if isinstance(problem, SyntaxError) or not frames:
        return text
    own = [frame for frame in frames if not frame.filename.startswith((*_OURS, *_LIBRARIES, "<frozen"))]
    last = (own or frames)[-1]
    return f"{text} ({last.filename}, line {last.lineno})"


def trace(problem: BaseException) -> str:
    """The traceback, without the calls that led to the module.

    "" for an error of this library, whose message and the line of the user's code say what to do.
    """
    if isinstance(problem, KueError):
        return ""
    steps: TracebackType | None = problem.__traceback__
    while steps is not None and steps.tb_frame.f_code.co_filename.startswith(_OURS):
        steps = steps.tb_next
    return "".join(traceback.format_exception(type(problem), problem, steps)).rstrip()
