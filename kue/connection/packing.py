"""Packs commands for Redis with hiredis, which gets them as text and bytes only if a signal may come."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import cast

import hiredis

Argument = str | bytes | int | float
Command = tuple[Argument, ...]
_NUMBERS = frozenset((int, float))
# hiredis has types for commands of one word only.
pack_command = cast("Callable[[Command], bytes]", hiredis.pack_command)
_get_ident = threading.get_ident
_main_thread = threading.main_thread().ident


def packer() -> Callable[[Command], bytes]:
    """The function that packs a command on this thread, as Redis reads it.

    hiredis would format numbers itself. If a signal handler raises an exception meanwhile, hiredis does not notice and
    ends the process with a memory fault. Python calls signal handlers on the main thread only.
    """
    return _pack_words if _get_ident() == _main_thread else pack_command


def _pack_words(command: Command) -> bytes:
    if not _NUMBERS.isdisjoint(map(type, command)):
        command = tuple([str(word) if type(word) in _NUMBERS else word for word in command])
    return pack_command(command)


class Packer:
    """The option `command_packer` of redis-py: packs the commands with which it sets a connection up."""

    def pack(self, name: str | bytes, *words: Argument) -> list[bytes]:
        """Pack a command. redis-py may write a name of two words as one."""
        return [packer()((*name.split(), *words))]


def _after_fork_in_child() -> None:
    global _main_thread
    _main_thread = _get_ident()


os.register_at_fork(after_in_child=_after_fork_in_child)
