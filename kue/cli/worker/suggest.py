"""Guesses which module:queue was meant by a target that names none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from kue.common.names import nearest


def meant(target: str) -> str:
    """Words for the end of a message that offer the target that was meant, or an example."""
    module, colon, path = target.partition(":")
    if is_file(module):
        return _offer(*_module_of(Path(module)), path or "queue")
    parent, _, name = module.rpartition(".")
    if not colon and parent and _exists(parent) and not _exists(module):
        return _offer(parent, "", name)
    return f", such as {module if module and _exists(module) else 'tasks'}:queue"


def is_file(module: str) -> bool:
    """Whether this is a path rather than the name of a module."""
    return os.sep in module or (module.endswith(".py") and not _exists(module))


def closest_module(name: str, path: str) -> str:
    """Words that offer a module beside the one asked for whose name is like it; "" if there is none."""
    package, dot, own = name.rpartition(".")
    folder = Path(*package.split("."))
    entries = folder.iterdir() if folder.is_dir() else ()
    modules = [entry.stem for entry in entries if entry.suffix == ".py" or entry.is_dir()]
    found = _closest(own, modules)
    return _offer(package + dot + found, "", path) if found else ""


def closest_name(module: str, path: str, names: Iterable[str]) -> str:
    """Words that offer a name in a module that is like the one asked for; "" if there is none."""
    found = _closest(path.removesuffix("()"), names)
    return _offer(module, "", found) if found else ""


def _closest(name: str, names: Iterable[str]) -> str:
    return nearest(name, [one for one in names if not one.startswith(("_", "."))])


def _offer(module: str, folder: str, path: str) -> str:
    return f"; did you mean {module}:{path}{f', in {folder}' if folder else ''}?"


def _exists(module: str) -> bool:
    """Whether the current folder has a module, or a package, of this name."""
    place = Path(*module.split("."))
    return place.is_dir() or Path(f"{place}.py").is_file()


def _module_of(file: Path) -> tuple[str, str]:
    """The module that a file holds, and the folder to run in; "" if that is the current one."""
    file = Path(os.path.normpath(file.absolute()))
    if file.name == "__init__.py":
        file = file.parent
    here = Path.cwd()
    if not file.is_relative_to(here):
        return file.name.removesuffix(".py"), str(file.parent)
    return ".".join(file.relative_to(here).parts).removesuffix(".py"), ""
