"""Changes many jobs in one script: cancels, retries or removes up to `MAX_JOBS` of them. A call is one round trip.

`BulkCommands` builds the commands: the scripts in lua/bulk, with their arguments in order.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.common.clock import steady
from kue.connection.connection import Argument, Command
from kue.connection.pool import refusal
from kue.errors import RedisRefused
from kue.store import codec, mail, scripts
from kue.store.indexing import Indexing
from kue.store.keys import PROMOTION_LOCK, Keys
from kue.store.store import Store

MAX_JOBS = 100
"""Of a script, so that it does not keep Redis from others for long."""
_LOCK_MS = 2000  # as long as Kue's promoters take the lock
_LOCK_RETRY_SECONDS = (0.02, 0.09)
_MAX_LOCK_WAIT_SECONDS = 30.0


class BulkCommands:
    """Commands for the jobs under one prefix. The head of each script explains its arguments and its reply."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def cancel(
        self,
        ids: Sequence[int],
        now: int,
        error: str,
        *,
        fence: str = "",
        type: str = "",
        lock: str = "",
        alone: bool = False,
    ) -> Command:
        """`lock` is the token of the lock of promotion, if the caller takes it."""
        how = codec.text_bytes(error), mail.KEPT_MS, PROMOTION_LOCK, lock, "1" if alone else ""
        return self._command("cancel", fence, type, now, *how, *ids)

    def retry_jobs(self, ids: Sequence[int], state: str, type: str, now: int, lock: str = "") -> Command:
        return self._command("retry_jobs", state, type, now, PROMOTION_LOCK if lock else "", lock, *ids)

    def remove_jobs(self, ids: Sequence[int], state: str, type: str, now: int, lock: str = "") -> Command:
        """`lock` is the token of the lock of promotion, if the caller takes it."""
        return self._command("remove_jobs", state, type, now, PROMOTION_LOCK, lock, *ids)

    def _command(self, script: str, *arguments: Argument) -> Command:
        return scripts.command(script, self.keys, *arguments)


class Bulk:
    """The jobs under one prefix, for any thread. Every method may raise `ConnectionFailed` or `RedisRefused`.

    Some need the lock of promotion, which all prefixes of a Redis share. They wait for it for half a minute at most.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commands = BulkCommands(store.keys)

    def cancel(
        self, ids: Sequence[int], error: str, *, fence: str = "", type: str = "", alone: bool = False
    ) -> list[str]:
        """Cancel jobs. Returns what became of each, in the words of the script; none is `due`.

        A job that needs a key of the wrong kind is `blocked`, or if it is `alone`, this raises `RedisRefused`.
        """
        commands, clock = self.commands, self._store.clock
        reply = self._store.connections.call(*commands.cancel(ids, clock(), error, fence=fence, type=type, alone=alone))
        words = dict(zip(ids, map(codec.text, reply), strict=True))
        waits = _LockWaits()
        while due := [id for id, word in words.items() if word == "due"]:
            waits.next()
            token = secrets.token_hex(16)
            reply = self._locked(token, commands.cancel(due, clock(), error, type=type, lock=token, alone=alone))
            words |= zip(due, map(codec.text, reply), strict=True)
        return list(words.values())

    def retry_jobs(self, ids: Sequence[int], state: str, type: str) -> int:
        """Queue the jobs that are in a state, and of a type if one is given. Returns how many there were."""
        commands, clock = self.commands, self._store.clock
        if state != "delayed":
            return int(self._store.connections.call(*commands.retry_jobs(ids, state, type, clock())))
        waits, count = _LockWaits(), -1
        while count < 0:
            waits.next()
            token = secrets.token_hex(16)
            count = int(self._locked(token, commands.retry_jobs(ids, state, type, clock(), token)))
        return count

    def remove_jobs(self, ids: Sequence[int], state: str, type: str) -> int:
        """Remove the jobs that are in a state, and of a type if one is given. Returns how many there were."""
        removed, due = self._remove_free(ids, state, type)
        removed += self._remove_due(due, state, type)
        indexing = Indexing(self._store)
        while indexing.clean():  # words that were too many for the script: this process may have no periodic duties
            pass
        return removed

    def _remove_free(self, ids: Sequence[int], state: str, type: str) -> tuple[int, list[int]]:
        """Remove jobs without the lock. Returns how many, and those that are due, which need the lock."""
        removed, due = 0, list[int]()
        while ids:
            command = self.commands.remove_jobs(ids, state, type, self._store.clock())
            count, looked_at, *more = self._store.connections.call(*command)
            removed += count
            due += map(int, more)
            ids = ids[looked_at:]
        return removed, due

    def _remove_due(self, due: Sequence[int], state: str, type: str) -> int:
        """Remove jobs under the lock. Returns how many."""
        removed, waits = 0, _LockWaits()
        while due:
            waits.next()
            token = secrets.token_hex(16)
            command = self.commands.remove_jobs(due, state, type, self._store.clock(), token)
            count, looked_at, *more = self._locked(token, command)
            removed += count
            if len(more) < looked_at:  # the lock was held
                waits = _LockWaits()
            due = [*map(int, more), *due[looked_at:]]
        return removed

    def _locked(self, token: str, command: Command) -> Any:
        """The reply to a command that is sent under the lock, which has this token, if it is free."""
        store = self._store
        take = ("SET", PROMOTION_LOCK, token, "PX", _LOCK_MS, "NX")
        acquired, reply, _ = store.connections.run(
            [take, command, store.transitions.release_lock(PROMOTION_LOCK, token)]
        )
        for refused in (acquired, reply):
            if isinstance(refused, ResponseError):
                raise refusal(refused) from refused
        return reply


class _LockWaits:
    """The waits between attempts to take the lock of promotion. The first attempt is made at once."""

    def __init__(self) -> None:
        self._until: float | None = None

    def next(self) -> None:
        """Wait before the next attempt. Raises `RedisRefused` if the lock was never free."""
        if self._until is None:
            self._until = steady() + _MAX_LOCK_WAIT_SECONDS
        elif steady() > self._until:
            raise RedisRefused(f"other processes have held the lock {PROMOTION_LOCK!r} all the time", transient=True)
        else:
            time.sleep(random.uniform(*_LOCK_RETRY_SECONDS))
