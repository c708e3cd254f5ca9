"""Tells the exceptions of signal handlers, which end any call of their thread, from those of the call itself."""

from __future__ import annotations

from types import FrameType


def is_from_signal_handler(problem: BaseException) -> bool:
    """Whether an exception came out of a signal handler, and not out of the call that this interrupted.

    Python gives the interrupted frame to the handler. So if a frame has its caller's frame as an argument, it is one.
    """
    step = problem.__traceback__
    while step is not None and step.tb_next is not None:
        caller, called = step.tb_frame, step.tb_next.tb_frame
        if any(_is_or_holds(value, caller) for value in called.f_locals.values()):
            return True
        step = step.tb_next
    return False


def _is_or_holds(value: object, frame: FrameType) -> bool:
    """The handler may take it as one of `*args`."""
    return value is frame or (type(value) is tuple and any(item is frame for item in value))
