"""Builds plain commands for the threads that own a connection: the workers' I/O thread and the subscriber.

Commands that change a job are in `transitions`. Those that read on behalf of a caller are in `queries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kue.connection.connection import Command
from kue.store import messages, scripts
from kue.store.keys import Keys, zid

LOWEST_DEADLINE = 100_000
"""Lower scores of active jobs are priorities. As in `announce_expired`."""


class Commands:
    """Commands for the keys under one prefix. It sends nothing."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    # tokens

    def give_token(self, type: str) -> Command:
        """Put back a token that was received but not used."""
        return ("LPUSH", self.keys.tokens(type), 1)

    def wait_for_token(self, types: Iterable[str], seconds: float) -> Command:
        """Wait for a token of one of several types. The first type that has one wins."""
        return ("BLPOP", *map(self.keys.tokens, types), seconds)

    def client_id(self) -> Command:
        """Ask for the number by which another connection can unblock this one."""
        return ("CLIENT", "ID")

    def unblock(self, client_id: int) -> Command:
        """End the wait of another connection."""
        return ("CLIENT", "UNBLOCK", client_id)

    # runs

    def holder(self, id: int) -> Command:
        """Ask for the state of a job and for the worker id of its run."""
        return ("HMGET", self.keys.job(id), "state", "workerId")

    def deadline(self, id: int) -> Command:
        """Ask for the score of an active job: its deadline, if it has a ttl."""
        return ("ZSCORE", self.keys.state("active"), zid(id))

    def mail(self, process: str, count: int) -> Command:
        """Take so many of the mails of a process, the oldest first."""
        return ("LPOP", self.keys.mail(process), count)

    def cancellation(self, id: int) -> Command:
        """Ask which run of a job was cancelled last."""
        return ("HGET", self.keys.job(id), "py_cancel")

    # sets of jobs

    def count(self, state: str | None, type: str | None = None) -> Command:
        """Ask how many jobs of a type (None: of all types) are in a state (None: how many there are)."""
        return ("ZCARD", self.keys.zset(state, type))

    def ids_after(self, state: str, type: str, count: int, score: bytes = b"", member: bytes = b"") -> Command:
        """Ask for a page of the jobs in a state. It begins behind the last member of the page before."""
        return (*self._query("ids_after"), state, type, count, score, member, 0)

    def scored_after(self, state: str, type: str, count: int, score: bytes, member: bytes) -> Command:
        """Ask for the same with the score of each, also of all jobs (state "")."""
        return (*self._query("ids_after"), state, type, count, score, member, 1)

    def ids_by_age(
        self, state: str, type: str, order: str, count: int, last: bytes = b"", passed_over: int = 0
    ) -> Command:
        """Ask for some jobs by id, behind a member and some more. The head of the script explains the reply."""
        return (*self._query("ids_by_age"), state, type, order, count, last, passed_over)

    def search(self, codes: Sequence[str], *, any: bool, first: int, count: int) -> Command:
        """Ask for a page of the jobs with the words of some codes, the best first, from a position on."""
        return (*self._query("search"), int(any), first, count, *codes)

    # the other processes

    def versions(self) -> Command:
        """Ask which versions of kue work here."""
        return self._query("versions")

    def lost_runs(self, cursor: bytes, count: int) -> Command:
        """Ask for a page of the active jobs whose process has no valid lease."""
        return (*self._query("lost_runs"), cursor, count)

    def expired_leases(self) -> Command:
        """Ask for the processes whose lease has run out."""
        return self._query("expired_leases")

    def _query(self, name: str) -> Command:
        """What every call of a script in lua/queries begins with."""
        return scripts.command(name, self.keys)

    # the channel, and the connection itself

    def publish(self, id: int, event: str) -> Command:
        """Publish an event without arguments."""
        return ("PUBLISH", self.keys.events, messages.encode(id, event))

    def subscribe(self) -> Command:
        """Receive every event from now on."""
        return ("SUBSCRIBE", self.keys.events)

    def ping(self, *text: bytes) -> Command:
        """Ask for a reply, which repeats the text if one is given."""
        return ("PING", *text)

    def probe_write(self) -> Command:
        """A write that changes nothing: a read-only server refuses it."""
        return ("ZREM", self.keys.leases, "")
