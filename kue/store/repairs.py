"""Builds a command for each check and each repair of the doctor: the script of that name in lua/repairs.

The exception is `add_tokens`, a transition that the doctor uses too. Every repair names what was found. Its script
checks that again before it changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from kue.connection.connection import Argument, Command
from kue.store import scripts
from kue.store.codec import encode, text_bytes
from kue.store.keys import Keys


def decode_name(raw: bytes) -> str:
    """A key, a type or a member from Redis as text, without loss whatever its bytes are."""
    return raw.decode("utf-8", "surrogateescape")


class Repairs:
    """Commands for the keys under one prefix. Text that `decode_name` returned is sent as the bytes that it was."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def _command(self, script: str, *arguments: Argument) -> Command:
        sent = [value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value for value in arguments]
        return scripts.command(script, self.keys, *sent)

    # checks

    def examine_jobs(self, ids: Iterable[str], old: int | None) -> Command:
        return self._command("examine_jobs", "" if old is None else old, *ids)

    def examine_members(self, zset: str, type: str, members: Iterable[str]) -> Command:
        return self._command("examine_members", zset, type, *members)

    def examine_logs(self, ids: Iterable[str]) -> Command:
        return self._command("examine_logs", *ids)

    def examine_unique(self, keys: Iterable[str]) -> Command:
        return self._command("examine_unique", *keys)

    def examine_schedules(self, names: Iterable[str]) -> Command:
        return self._command("examine_schedules", *names)

    def count_tokens(self, types: Iterable[str]) -> Command:
        return self._command("count_tokens", *types)

    # repairs

    def refile(self, id: str, mark: str, now: int) -> Command:
        return self._command("refile", id, mark, now)

    def settle_state(self, id: str, mark: str, now: int, error: str) -> Command:
        return self._command("settle_state", id, mark, now, text_bytes(error), encode(error, "error"))

    def fail_unreadable(self, id: str, data: bytes, now: int, error: str) -> Command:
        return self._command("fail_unreadable", id, data, now, text_bytes(error), encode(error, "error"))

    def finish_save(self, id: str, mark: str, now: int) -> Command:
        return self._command("finish_save", id, mark, now)

    def drop_unreadable(self, id: str, mark: str, types: Iterable[str]) -> Command:
        return self._command("drop_unreadable", id, mark, *types)

    def requeue_old(self, id: str, mark: str, now: int) -> Command:
        return self._command("requeue_old", id, mark, now)

    def unlist(self, zset: str, type: str, member: str) -> Command:
        return self._command("unlist", zset, type, member)

    def drop_log(self, id: str) -> Command:
        return self._command("drop_log", id)

    def drop_unique(self, key: str, id: str) -> Command:
        return self._command("drop_unique", key, id)

    def unlist_schedule(self, name: str) -> Command:
        return self._command("unlist_schedule", name)

    def list_schedule(self, name: str, due: int | None) -> Command:
        return self._command("list_schedule", name, "" if due is None else due)

    def list_type(self, type: str, id: str) -> Command:
        return self._command("list_type", type, id)

    def raise_ids(self, highest: int) -> Command:
        return self._command("raise_ids", highest)

    def add_tokens(self, type: str) -> Command:
        return self._command("add_tokens", type)

    def trim_tokens(self, type: str) -> Command:
        return self._command("trim_tokens", type)
