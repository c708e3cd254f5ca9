"""Finds the queue that `module:queue` names, with the handlers that importing the module registered."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from types import ModuleType
from typing import Any

from kue.cli.console import CommandError
from kue.queue.queue import Queue


def find_queue(target: str) -> Queue:
    """Import the module and return its queue. Raises `CommandError` if there is none that can serve."""
    module_name, _, path = target.partition(":")
    if not module_name or not path:
        raise CommandError(f"{target!r} names no queue: give module:queue, such as tasks:queue")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    found = _attribute(_import(module_name), module_name, path)
    if callable(found) and not isinstance(found, Queue):
        found = _call(found, target)
    if not isinstance(found, Queue):
        raise CommandError(f"{target} is not a kue.Queue, nor a function that returns one: it is {_short(found)}")
    if found.is_shut_down:
        raise CommandError(f"{target} is a queue that is shut down already")
    if not found.workers:
        raise CommandError(f"{target} has no handlers: register them in the module, with @queue.process(type)")
    return found


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name is not None and (name == missing.name or name.startswith(f"{missing.name}.")):
            raise CommandError(f"there is no module {name!r} in {os.getcwd()} or on sys.path") from None
        raise CommandError(f"importing {name!r} failed: {_describe(missing)}") from missing
    except (Exception, SystemExit) as problem:
        raise CommandError(f"importing {name!r} failed: {_describe(problem)}") from problem


def _attribute(module: ModuleType, name: str, path: str) -> Any:
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            raise CommandError(f"the module {name!r} has no {path!r}")
        found = getattr(found, part)
    return found


def _call(function: Any, target: str) -> Any:
    try:
        return function()
    except (Exception, SystemExit) as problem:
        raise CommandError(f"calling {target} failed: {_describe(problem)}") from problem


def _describe(problem: BaseException) -> str:
    """One line: the exception, and the place that raised it."""
    text = " ".join(f"{type(problem).__name__}: {problem}".split())
    frames = traceback.extract_tb(problem.__traceback__)
    if isinstance(problem, SyntaxError) or not frames:
        return text
    return f"{text} ({frames[-1].filename}, line {frames[-1].lineno})"


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
