"""Packs commands for Redis with hiredis, which gets them as text and bytes only if a signal may come."""

from __future__ import annotations

import os
import threading
from typing import Any, cast

from hiredis import pack_command

Argument = str | bytes | int | float
Command = tuple[Argument, ...]
_NUMBERS = frozenset((int, float))
_get_ident = threading.get_ident
_main_thread = threading.main_thread().ident


def pack(command: Command) -> bytes:
    """A command as Redis reads it.

    hiredis would format numbers itself. If a signal handler raises an exception meanwhile, hiredis does not notice and
    ends the process with a memory fault. Python calls signal handlers on the main thread only.
    """
    if _get_ident() == _main_thread and not _NUMBERS.isdisjoint(map(type, command)):
        command = tuple([str(word) if type(word) in _NUMBERS else word for word in command])
    packed: bytes = pack_command(cast("tuple[Any]", command))  # hiredis has types for commands of one word only
    return packed


class Packer:
    """The option `command_packer` of redis-py: packs the commands with which it sets a connection up."""

    def pack(self, name: str | bytes, *words: Argument) -> list[bytes]:
        """Pack a command. redis-py may write a name of two words as one."""
        return [pack((*name.split(), *words))]


def _after_fork_in_child() -> None:
    global _main_thread
    _main_thread = _get_ident()


os.register_at_fork(after_in_child=_after_fork_in_child)
