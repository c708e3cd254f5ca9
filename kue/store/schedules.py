"""Schedules in Redis, with a method for each thing that happens to one. A call is one round trip.

`ScheduleCommands` builds the commands: the scripts in lua/schedules, with their arguments in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from kue.connection.connection import Argument, Command
from kue.connection.pool import refusal
from kue.connection.reply_text import is_wrong_kind
from kue.errors import ScheduleNotFound
from kue.store import codec, scripts
from kue.store.indexed_job import MARK
from kue.store.job_hash import JobHash, from_pairs
from kue.store.keys import Keys
from kue.store.saving import InDoubt
from kue.store.store import Store


class StoredSchedule(NamedTuple):
    """What Redis holds of a schedule: when it is due next (ms; infinite: paused or over), and its hash."""

    due: float
    hash: dict[str, bytes]


class Firing(NamedTuple):
    """What `fire` is given: a schedule as it was read, its next time after this one, and the times that get a job."""

    name: str
    read: StoredSchedule
    due: int | None
    times: Sequence[int]


class Fired(NamedTuple):
    """What `fire` did: what Redis refused by name, how many jobs of each type it saved, and which are to be indexed."""

    refused: dict[str, ResponseError]
    saved: dict[str, int]
    to_index: list[int]


class ScheduleCommands:
    """Commands for the schedules under one prefix. The head of each script explains its arguments and its reply."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def declare_schedule(self, name: str, due: int | None, first: int, fields: Mapping[str, Argument]) -> Command:
        pairs = [part for pair in fields.items() for part in pair]
        return self._command("declare_schedule", name, "" if due is None else due, first, *pairs)

    def fire(self, firing: Firing, now: int) -> Command:
        name, read, due, times = firing
        digest = read.hash.get("digest", b"")
        return self._command("fire", name, repr(read.due), digest, now, "" if due is None else due, *times)

    def trigger_schedule(self, name: str, now: int) -> Command:
        return self._command("trigger_schedule", name, now)

    def pause_schedule(self, name: str) -> Command:
        return self._command("pause_schedule", name)

    def resume_schedule(self, name: str, digest: bytes, due: int | None) -> Command:
        return self._command("resume_schedule", name, digest, "" if due is None else due)

    def remove_schedule(self, name: str) -> Command:
        return self._command("remove_schedule", name)

    def _command(self, script: str, *arguments: Argument) -> Command:
        return scripts.command(script, self.keys, *arguments)


class Schedules:
    """The schedules under one prefix, for any thread. Every method may raise `ConnectionFailed` or `RedisRefused`.

    If there is no schedule of the name, methods raise `ScheduleNotFound`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys
        self.commands = ScheduleCommands(store.keys)

    def declare(self, name: str, due: int | None, first: int, fields: Mapping[str, Argument]) -> StoredSchedule | int:
        """Write a schedule, which is due then if it is new.

        If it starts anew and had a job for that time, nothing is written. Returns the time of its last job then.
        """
        reply = self._call(self.commands.declare_schedule(name, due, first, fields))
        return int(reply) if isinstance(reply, bytes) else _stored(name, reply)

    def trigger(self, name: str, now: int) -> tuple[int, JobHash, bool]:
        """Save a job of a schedule now. Returns its id, its hash, and whether it is to be indexed.

        Raises `SaveInDoubt` if the connection broke before the reply.
        """
        with InDoubt("the job"):
            reply = self._call(self.commands.trigger_schedule(name, now))
        if reply is None:
            raise ScheduleNotFound(name)
        id, flat = reply
        return int(id), from_pairs(flat), MARK.encode() in flat[::2]

    def pause(self, name: str) -> StoredSchedule:
        """Save no more jobs until `resume`."""
        return _stored(name, self._call(self.commands.pause_schedule(name)))

    def resume(self, name: str, read: StoredSchedule, due: int | None) -> StoredSchedule | None:
        """Go on after a pause. Returns None if the schedule was declared anew since it was read."""
        reply = self._call(self.commands.resume_schedule(name, read.hash.get("digest", b""), due))
        return None if reply == -1 else _stored(name, reply)

    def remove(self, name: str) -> None:
        """Remove a schedule. Its jobs stay."""
        if not self._call(self.commands.remove_schedule(name)):
            raise ScheduleNotFound(name)

    def fire(self, firings: Sequence[Firing], now: int) -> Fired:
        """Save the jobs of schedules that are due.

        A schedule that is not as it was read is left alone: another process was faster, or it was declared anew.
        """
        replies = self._store.ask([self.commands.fire(firing, now) for firing in firings])
        refused, saved, to_index = fired = Fired({}, {}, [])
        for firing, reply in zip(firings, replies, strict=True):
            if isinstance(reply, ResponseError):
                refused[firing.name] = reply
            elif reply[0] > 0:
                type = codec.text(firing.read.hash.get("job:type", b""))
                saved[type] = saved.get(type, 0) + reply[0]
                if len(reply) > 2:
                    last = int(reply[2])
                    to_index += range(last - reply[0] + 1, last + 1)
        return fired

    def upcoming(self, count: int) -> list[tuple[str, float]]:
        """The schedules that are due first, with their next times."""
        return _scored(self._store.connections.call("ZRANGE", self._keys.schedules, 0, count - 1, "WITHSCORES"))

    def read(self, due: Sequence[tuple[str, float]]) -> list[StoredSchedule | ResponseError | None]:
        """Schedules, given by name and next time. None if there is none."""
        replies = self._store.ask([("HGETALL", self._keys.schedule(name)) for name, _ in due])
        return [
            flat if isinstance(flat, ResponseError) else StoredSchedule(at, _hash(flat)) if flat else None
            for (_, at), flat in zip(due, replies, strict=True)
        ]

    def read_one(self, name: str) -> StoredSchedule:
        """One schedule."""
        score, flat = self._store.connections.run(
            [("ZSCORE", self._keys.schedules, name), ("HGETALL", self._keys.schedule(name))]
        )
        return _stored(name, [_unless_refused(score), _unless_refused(flat)])

    def all(self) -> dict[str, StoredSchedule]:
        """Every schedule, by name. One whose key holds something else is left out."""
        found = sorted(_scored(self._store.connections.call("ZRANGE", self._keys.schedules, 0, -1, "WITHSCORES")))
        held = dict(zip((name for name, _ in found), self.read(found), strict=True))
        for one in held.values():
            if isinstance(one, ResponseError) and not is_wrong_kind(one):
                raise refusal(one) from one
        return {name: one for name, one in held.items() if isinstance(one, StoredSchedule)}

    def _call(self, command: Command) -> Any:
        return self._store.connections.call(*command)


def _stored(name: str, reply: Any) -> StoredSchedule:
    if not reply or not reply[1]:
        raise ScheduleNotFound(name)
    score, flat = reply
    return StoredSchedule(float("inf") if score is None else float(score), _hash(flat))


def _hash(flat: Sequence[bytes]) -> dict[str, bytes]:
    return {codec.text(name): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


def _scored(reply: Sequence[bytes]) -> list[tuple[str, float]]:
    """Members with their scores. A name that is not UTF-8 is none of ours."""
    return [(codec.text(name), float(score)) for name, score in zip(reply[::2], reply[1::2], strict=True)]


def _unless_refused(reply: Any) -> Any:
    if isinstance(reply, ResponseError):
        raise refusal(reply) from reply
    return reply
