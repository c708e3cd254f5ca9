"""Finds the queue that `module:queue` names, with the handlers that importing the module registered."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import Any

from kue.cli.console import CommandError
from kue.cli.worker import suggest
from kue.cli.worker.faults import described, trace
from kue.queue.queue import Queue


def find_queue(target: str) -> Queue:
    """Import the module and return its queue. Raises `CommandError` if there is none that can serve."""
    module_name, _, path = target.partition(":")
    if not module_name or not path or suggest.is_file(module_name):
        raise CommandError(f"{target!r} names no queue: give module:queue{suggest.meant(target)}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    found = _attribute(_import(module_name, path), module_name, path)
    if callable(found) and not isinstance(found, Queue):
        found = _call(found, target)
    if not isinstance(found, Queue):
        raise CommandError(f"{target} is not a kue.Queue, nor a function that returns one: it is {_short(found)}")
    if found.is_shut_down:
        raise CommandError(f"{target} is a queue that is shut down already")
    if not found.workers:
        raise CommandError(f"{target} has no handlers: register them in the module, with @queue.process(type)")
    return found


def _import(name: str, path: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name is not None and (name == missing.name or name.startswith(f"{missing.name}.")):
            guess = suggest.closest_module(name, path)
            raise CommandError(f"there is no module {name!r} in {os.getcwd()} or on sys.path{guess}") from None
        raise CommandError(f"importing {name!r} failed: {described(missing)}", details=trace(missing)) from missing
    except (Exception, SystemExit) as problem:
        raise CommandError(f"importing {name!r} failed: {described(problem)}", details=trace(problem)) from problem


def _attribute(module: ModuleType, name: str, path: str) -> Any:
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            guess = suggest.closest_name(name, path, vars(module))
            raise CommandError(f"the module {name!r} has no {path!r}{guess}")
        found = getattr(found, part)
    return found


def _call(function: Any, target: str) -> Any:
    try:
        return function()
    except (Exception, SystemExit) as problem:
        raise CommandError(f"calling {target} failed: {described(problem)}", details=trace(problem)) from problem


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
