"""Reads jobs from Redis, with a method for each query. No method changes anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Command
from kue.connection.pool import ConnectionPool, refusal
from kue.connection.reply_text import is_wrong_kind
from kue.errors import JobNotFound
from kue.store import codec
from kue.store.commands import Commands
from kue.store.identity import NUMBER_TAKEN, is_other, read_created_at
from kue.store.job_hash import JobHash, from_pairs
from kue.store.keys import Keys, ids_of, zid
from kue.store.process_record import UNKNOWN_VERSION

_MAX_COMMANDS_PER_ROUND_TRIP = 500
_IDS_PER_PAGE = 1000  # less than a millisecond of Redis
_RUNS_PER_PAGE = 100  # as much, since each is a hash of its own


class Queries:
    """Queries for the jobs under one prefix, for any thread. Methods may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, connections: ConnectionPool, prefix: str, clock: Callable[[], int] | None = None) -> None:
        """`clock` gives the time in ms since the epoch; without it that is the clock of the server."""
        self.connections = connections
        self.keys = Keys(prefix)
        self.commands = Commands(self.keys)
        self._server_clock = connections.server_clock
        self.clock = clock or connections.server_clock

    def now(self) -> int:
        """The time, for the first thing that a process does here: it asks the server if it never has.

        Later it is the same as `clock`, which never waits. Raises `ConnectionFailed` or `RedisRefused`.
        """
        if not self._server_clock.was_asked and self.clock is self._server_clock:
            self.connections.ask_time()
        return self.clock()

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to commands, some hundred in a round trip. A refused command gives a `ResponseError`."""
        replies: list[Any] = []
        for start in range(0, len(commands), _MAX_COMMANDS_PER_ROUND_TRIP):
            replies += self.connections.run(commands[start : start + _MAX_COMMANDS_PER_ROUND_TRIP])
        return replies

    def ask_kinds(self, commands: Sequence[Command]) -> list[Any]:
        """The same for keys that may hold another kind of value: such a command gives a `ResponseError`.

        Raises `RedisRefused` if Redis refuses a command for another reason, such as a missing right. Otherwise jobs
        that may not be read would be taken for jobs that do not exist.
        """
        replies = self.ask(commands)
        for reply in replies:
            if isinstance(reply, ResponseError) and not is_wrong_kind(reply):
                raise refusal(reply) from reply
        return replies

    # jobs

    def hashes(self, ids: Sequence[int | str]) -> list[JobHash | ResponseError | None]:
        """The hash of each job; None if there is none, and a `ResponseError` if its key holds something else."""
        found = self.ask_kinds([("HGETALL", self.keys.job(id)) for id in ids])
        return [flat if isinstance(flat, ResponseError) else from_pairs(flat) if flat else None for flat in found]

    def known_fields(self, ids: Sequence[int]) -> list[JobHash | None]:
        """The fields of each job that a job object shows; None if there is no such job."""
        rows = self.fields(ids, JobHash._fields)
        return [JobHash._make(row) if row[0] is not None else None for row in rows]

    def fields(self, ids: Sequence[int], names: Sequence[str]) -> list[list[bytes | None]]:
        """Some fields of each job; None for a field, or a job, that does not exist."""
        return [
            [None] * len(names) if isinstance(reply, ResponseError) else reply
            for reply in self.ask_kinds([("HMGET", self.keys.job(id), *names) for id in ids])
        ]

    def named_fields(self, wanted: Mapping[int, Collection[str]]) -> list[dict[str, bytes | None]]:
        """The fields that are wanted of each job, by name; None for a field, or a job, that does not exist."""
        replies = self.ask_kinds([("HMGET", self.keys.job(id), *names) for id, names in wanted.items()])
        return [
            dict.fromkeys(names) if isinstance(reply, ResponseError) else dict(zip(names, reply, strict=True))
            for names, reply in zip(wanted.values(), replies, strict=True)
        ]

    def field(self, id: int, name: str, created_at: object = None) -> str | None:
        """One field of the job that was created then. Raises `JobNotFound` if another job has its number now."""
        found = self.connections.call("HMGET", self.keys.job(id), codec.text_bytes(name), "created_at")
        if is_other(read_created_at(found[1]), read_created_at(created_at)):
            raise JobNotFound(id, NUMBER_TAKEN.format(id))
        return _text(found[0])

    def holder(self, id: int) -> tuple[str, str]:
        """The state of a job and the worker id of its run; "" for one that is missing."""
        state, worker = self.connections.call(*self.commands.holder(id))
        return codec.text(state or b""), codec.text(worker or b"")

    def type_and_state(self, id: int | str) -> tuple[str, str]:
        """The type and the state of a job; "" for one that is missing."""
        type, state = self.connections.call("HMGET", self.keys.job(id), "type", "state")
        return codec.text(type or b""), codec.text(state or b"")

    def unique_holder(self, key: str) -> int | None:
        """The id that the hash of unique keys has for a key; None if there is none, or no such hash."""
        found = self.ask_kinds([("HGET", self.keys.unique, codec.text_bytes(key))])[0]
        return int(found) if isinstance(found, bytes) and found.isdigit() else None

    def log(self, id: int) -> list[str]:
        """The log lines of a job."""
        return [codec.text(line) for line in self.connections.call("LRANGE", self.keys.log(id), 0, -1)]

    # sets of jobs

    def ids(self, start: int, stop: int, state: str | None = None, type: str | None = None) -> list[int]:
        """The ids at positions `start` to `stop`, both included: of all jobs, of a state, or of a type in a state."""
        return ids_of(self.connections.call("ZRANGE", self.keys.zset(state, type), start, stop))

    def each_id(self, state: str, type: str | None = None) -> Iterator[int]:
        """The ids of the jobs of a type (None: of all types) in a state, in order. Reads a page when it is needed."""
        score = member = b""
        while page := self.connections.call(*self.commands.ids_after(state, type or "", _IDS_PER_PAGE, score, member)):
            score, *members = page
            member = members[-1]
            yield from ids_of(members)
            if len(members) < _IDS_PER_PAGE:
                return

    def count(self, state: str, type: str | None = None) -> int:
        """How many jobs of a type (None: of all types) are in a state."""
        return self.counts([(state, type)])[0]

    def counts(self, sets: Sequence[tuple[str | None, str | None]]) -> list[int]:
        """How many jobs are in each pair of state and type (None: of all types, of all states)."""
        replies = self.ask([self.commands.count(state, type) for state, type in sets])
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise refusal(reply) from reply
        return replies

    def count_scored(self, state: str, lowest: int, highest: int) -> int:
        """How many jobs in a state have a score in a range, as those have that are due or overdue."""
        return int(self.connections.call("ZCOUNT", self.keys.state(state), lowest, highest))

    def scores(self, ids: Sequence[tuple[int, str | None]], state: str) -> list[float | None]:
        """The score of each job in a state, None if it is not there. A job is an id and a type (None: of all types)."""
        replies = self.ask_kinds([("ZSCORE", self.keys.zset(state, type), zid(id)) for id, type in ids])
        return [float(reply) if isinstance(reply, bytes) else None for reply in replies]

    def scan_state(self, state: str, cursor: bytes, count: int) -> tuple[bytes, list[int]]:
        """One page of the ids in a state, in no order: the next cursor, then the ids. b"0" starts and ends a scan."""
        following, page = self.connections.call("ZSCAN", self.keys.state(state), cursor, "COUNT", count)
        return following, ids_of(page[::2])

    # the whole

    def types(self) -> list[str]:
        """Every type ever saved, sorted."""
        return sorted(codec.text(name) for name in self.connections.call("SMEMBERS", self.keys.types))

    def last_id(self) -> int:
        """The last id that was given out; 0 if there is none."""
        return int(self.connections.call("GET", self.keys.ids) or 0)

    def work_time(self) -> int:
        """The total duration of completed runs, in milliseconds."""
        return int(self.connections.call("GET", self.keys.work_time) or 0)

    def setting(self, name: str) -> str | None:
        """A free-form setting; None if it is not set."""
        return _text(self.connections.call("HGET", self.keys.settings, codec.text_bytes(name)))

    def versions(self) -> tuple[dict[str, int], list[str]]:
        """How many working processes there are of each version, and which processes speak a newer protocol."""
        return read_versions(self.connections.call(*self.commands.versions()))

    def lost_runs(self) -> dict[str, dict[int, str]]:
        """The worker ids of active jobs, by id, of each Python process that has no valid lease."""
        found: dict[str, dict[int, str]] = defaultdict(dict)
        cursor = b"0"
        while True:
            cursor, runs = self.connections.call(*self.commands.lost_runs(cursor, _RUNS_PER_PAGE))
            for process, id, worker in zip(runs[::3], runs[1::3], runs[2::3], strict=True):
                found[codec.text(process)][int(id)] = codec.text(worker)
            if cursor == b"0":
                return found

    def expired_leases(self) -> list[str]:
        """The processes whose lease has run out."""
        return [codec.text(name) for name in self.connections.call(*self.commands.expired_leases())]

    def ping(self) -> None:
        """Return if Redis answers."""
        self.connections.call(*self.commands.ping())


def read_versions(reply: Any) -> tuple[dict[str, int], list[str]]:
    """What `versions` returns, from the reply to its command."""
    found, newer = reply
    counts = zip(found[::2], found[1::2], strict=True)
    versions = {codec.text(version) or UNKNOWN_VERSION: count for version, count in counts}
    return versions, [codec.text(process) for process in newer]


def _text(reply: bytes | None) -> str | None:
    return None if reply is None else codec.text(reply)
