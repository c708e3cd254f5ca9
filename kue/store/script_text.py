"""Puts together the text of each Lua script: first the shared functions that it calls, then the script itself.

The section `Shared` in the head of a script names the shared files that it calls. The `Needs:` line in the head of a
shared file names those that it calls itself. All others follow from these lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from kue.options.values import STATES
from kue.store.job_hash import lua_fields
from kue.store.keys import lua_functions
from kue.store.worker_id import lua_protocol

_LUA = resources.files("kue.store") / "lua"
# Each folder holds the scripts whose commands the class of that name builds.
_FOLDERS = ("transitions", "queries", "repairs", "schedules", "stats", "bulk", "purging", "flow", "indexing")
_SHARED = re.compile(r"^-- Shared +([\w ]+(?:\n-- {10}[\w ]+)*)$", re.MULTILINE)
_NEEDS = re.compile(r"^-- Needs: ([\w, ]+)\.$", re.MULTILINE)
# A top-level function with the comment above it. Its last `end` is on its first line, or begins a line.
_FUNCTION = re.compile(r"^(?:--.*\n)*local function (\w+)\(.*\)(?: .* end|\n(?:(?: .*)?\n)*end)\n", re.MULTILINE)
_COMMAND = re.compile(r"\b(?:redis\.p?call|read_or_nil)\(('\w+')")
_NOT_CODE = re.compile(r"--.*|'[^'\n]*'")


@cache
def source(name: str) -> str:
    """The whole text of a script as Redis receives it."""
    script = _files(*_FOLDERS)[name]
    shared = _files("shared")
    parts = in_order(name, _named(_SHARED, script), {part: _named(_NEEDS, text) for part, text in shared.items()})
    constants = [lua_fields()] if "FIELDS" in script else []
    constants += [lua_protocol()] if "protocol" in parts else []
    text = "\n".join(["local P = ARGV[1]", *constants, *_generated(), *(shared[part] for part in parts), script])
    text = without_unused_functions(text)
    return _commands(text) + text if "rights" in parts else text


def _commands(text: str) -> str:
    """The constant COMMANDS: every command that a script may call."""
    names = sorted(set(_COMMAND.findall(text)))
    return f"local COMMANDS = {{{', '.join(names)}}}\n"


def without_unused_functions(text: str) -> str:
    """A script without the functions that it never calls, since Redis creates each function anew in every call."""
    kept: list[str] = []
    words: set[str] = set()

    def keep(part: str) -> None:
        kept.append(part)
        words.update(re.findall(r"\w+", _NOT_CODE.sub("", part)))

    end = len(text)
    for function in reversed(list(_FUNCTION.finditer(text))):
        keep(text[function.end() : end])
        if function[1] in words:
            keep(function[0])
        end = function.start()
    keep(text[:end])
    return "".join(reversed(kept))


def in_order(script: str, shared: Sequence[str], needs: Mapping[str, Sequence[str]]) -> list[str]:
    """The shared files that a script names, and all that they need. Each comes once, after those that it needs.

    Raises `ValueError` if a name is no shared file, or if files need each other in a circle.
    """
    ordered: list[str] = []

    def add(name: str, users: tuple[str, ...]) -> None:
        if name not in needs:
            raise ValueError(f"{users[-1]}.lua names {name!r}, but there is no file lua/shared/{name}.lua")
        if name in users[1:]:
            circle = " needs ".join([*users[users.index(name, 1) :], name])
            raise ValueError(f"shared Lua files need each other in a circle: {circle}")
        if name not in ordered:
            for need in needs[name]:
                add(need, (*users, name))
            ordered.append(name)

    for name in shared:
        add(name, (script,))
    return ordered


def _named(line: re.Pattern[str], text: str) -> list[str]:
    found = line.search(text)
    return re.findall(r"\w+", found[1]) if found else []


@cache
def _generated() -> list[str]:
    """The functions that are generated from tables in Python."""
    states = ", ".join(f"'{state}'" for state in STATES)
    return [*lua_functions().values(), f"local function all_states() return {{{states}}} end"]


@cache
def names() -> tuple[str, ...]:
    """The names of all scripts: those of their files without the suffix."""
    return tuple(sorted(_files(*_FOLDERS)))


@cache
def _files(*folders: str) -> dict[str, str]:
    """The text of each Lua file in some folders, by name."""
    files = [file for folder in folders for file in (_LUA / folder).iterdir() if file.name.endswith(".lua")]
    return {file.name.removesuffix(".lua"): file.read_text("utf-8") for file in files}
