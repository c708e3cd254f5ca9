"""Whether every index of a prefix agrees with the hashes: a check of this folder's own, independent of `kue doctor`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis

STATES = ("inactive", "active", "complete", "failed", "delayed")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Something about one job that does not agree."""

    id: int
    what: str


class Snapshot:
    """All jobs under a prefix: their hashes and logs, and which sets list them. For a keyspace at rest."""

    def __init__(self, client: "redis.Redis", prefix: str = "q") -> None:
        self._client = client
        self._prefix = prefix
        self.types = sorted(name.decode() for name in client.smembers(f"{prefix}:job:types"))
        self.listed = set(self._members("jobs"))
        self.by_state = {state: set(self._members(f"jobs:{state}")) for state in STATES}
        self.by_type = {
            (type, state): set(self._members(f"jobs:{type}:{state}")) for type in self.types for state in STATES
        }
        keys = client.scan_iter(f"{prefix}:job:[0-9]*", 1000)
        ids = [int(key.split(b":")[2]) for key in keys if key.count(b":") == 2]
        self.jobs = dict(zip(ids, self._hashes(ids), strict=True))
        self.unique = {key.decode(): int(id) for key, id in client.hgetall(f"{prefix}:unique:jobs").items()}
        logs = list(client.scan_iter(f"{prefix}:job:*:log", 1000))
        self.logs = dict(zip((int(key.split(b":")[2]) for key in logs), self._lists(logs), strict=True))

    def _members(self, name: str) -> Iterator[int]:
        for member in self._client.zrange(f"{self._prefix}:{name}", 0, -1):
            yield int(member.partition(b"|")[2])

    def _hashes(self, ids: list[int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), 500):
            steps = self._client.pipeline(transaction=False)
            for id in ids[start : start + 500]:
                steps.hgetall(f"{self._prefix}:job:{id}")
            found += [{name.decode(): value.decode() for name, value in fields.items()} for fields in steps.execute()]
        return found

    def _lists(self, keys: list[bytes]) -> list[list[str]]:
        found: list[list[bytes]] = []
        for start in range(0, len(keys), 500):
            steps = self._client.pipeline(transaction=False)
            for key in keys[start : start + 500]:
                steps.lrange(key, 0, -1)
            found += steps.execute()
        return [[line.decode("utf-8", "surrogateescape") for line in lines] for lines in found]

    def disagreements(self) -> Iterator[Disagreement]:
        """Every job whose hash and sets do not agree."""
        known = set(self.jobs)
        sets = {("jobs", ""): self.listed} | {("state", s): ids for s, ids in self.by_state.items()}
        for (what, name), ids in sets.items():
            for id in ids - known:
                yield Disagreement(id, f"is listed ({what} {name}) and has no hash")
        for (type, state), ids in self.by_type.items():
            for id in ids - known:
                yield Disagreement(id, f"is listed ({type} {state}) and has no hash")
        for id in self.logs.keys() - known:
            yield Disagreement(id, "has a log and no hash")
        for id, fields in self.jobs.items():
            for what in self._faults(id, fields):
                yield Disagreement(id, what)

    def _faults(self, id: int, fields: dict[str, str]) -> Iterator[str]:
        type, state = fields.get("type"), fields.get("state")
        if not type or state not in STATES:
            yield f"has type {type!r} and state {state!r}"
            return
        if id not in self.listed:
            yield "is not listed among the jobs"
        for name, ids in self.by_state.items():
            if (id in ids) != (name == state):
                yield f"is {state}, and is {'' if id in ids else 'not '}listed as {name}"
        for (kind, name), ids in self.by_type.items():
            if (id in ids) != (name == state and kind == type):
                yield f"is {state} {type}, and is {'' if id in ids else 'not '}listed as {name} {kind}"
