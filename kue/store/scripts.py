"""Runs the Lua scripts by their SHA1, and loads them if Redis does not know them.

Redis knows no script before the first call, after `SCRIPT FLUSH` and after a restart. One transaction then loads all
scripts, so that Redis knows either all scripts of a pipeline or none. If another process has loaded them, that is left
out: the text of all scripts is long, and a fleet that comes back after an outage would send it once for each process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from redis.exceptions import AuthenticationError, NoScriptError, ResponseError

from kue.connection.connection import Argument, Command, Connection
from kue.connection.pool import is_unauthenticated
from kue.store.keys import Keys
from kue.store.script_text import names, source

__all__ = ["command", "load_all", "names", "repaired", "run", "sha", "source"]


@cache
def sha(name: str) -> str:
    """The SHA1 of a script, by which Redis knows it."""
    return hashlib.sha1(source(name).encode(), usedforsecurity=False).hexdigest()


def command(name: str, keys: Keys, *arguments: Argument) -> Command:
    """The call of a script under a prefix. Its number of keys is text: a command with a number is copied first."""
    return ("EVALSHA", sha(name), "1", keys.jobs, keys.prefix, *arguments)


def load_all(connection: Connection) -> None:
    """Load all scripts in one transaction, unless Redis knows all.

    Raises `redis.ResponseError` if Redis refuses, and `redis.AuthenticationError` if it wants a password.
    """
    [known] = connection.exchange([("SCRIPT", "EXISTS", *map(sha, names()))])
    if is_unauthenticated(known):  # Redis has closed the connection
        raise AuthenticationError("Authentication required.")
    if not isinstance(known, ResponseError) and all(known):
        return
    commands: list[Command] = [("MULTI",)]
    commands += [("SCRIPT", "LOAD", source(name)) for name in names()]
    commands.append(("EXEC",))
    for reply in connection.exchange(commands):
        if isinstance(reply, ResponseError):
            raise reply


def run(connection: Connection, commands: Sequence[Command]) -> list[Any]:
    """Run commands, scripts among them, in one round trip.

    Scripts that Redis did not know are sent again, in order and with their text, so that a flush in between does no
    harm. The reply to a refused command is a `ResponseError`. Raises what the connection raises if it breaks.
    """
    return repaired(connection, commands, connection.exchange(commands))


def repaired(connection: Connection, commands: Sequence[Command], replies: list[Any]) -> list[Any]:
    """The replies to commands, after scripts that Redis did not know were loaded and sent again."""
    unknown = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
    if unknown:
        load_all(connection)
        for i, reply in zip(unknown, connection.exchange([_with_text(commands[i]) for i in unknown]), strict=True):
            replies[i] = reply
    return replies


def _with_text(command: Command) -> Command:
    return ("EVAL", _by_sha()[str(command[1])], *command[2:])


@cache
def _by_sha() -> dict[str, str]:
    return {sha(name): source(name) for name in names()}
