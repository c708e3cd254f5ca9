"""The record that a working process keeps beside its lease: which release it runs, what it serves, its options.

Other processes read it: they rescue its jobs by its own options if it dies, and list the versions of a fleet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from kue.common.version import VERSION
from kue.connection.connection import Argument
from kue.store import codec
from kue.store.worker_id import parts_of

UNKNOWN_VERSION = "before 0.2"  # processes of these releases keep no record


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """What one process says of itself. Times are in ms; `types` maps each type to the number of its slots.

    `busy` is how many slots run a job, `started` when it began to work.
    """

    protocol: int
    version: str
    host: str
    pid: int
    lease: int
    ghost_retries: int
    ghost_delay: int
    types: Mapping[str, int]
    busy: int = 0
    started: int = 0

    @classmethod
    def of_this_process(
        cls,
        process: str,
        lease: int,
        ghost_retries: int,
        ghost_delay: int,
        types: Mapping[str, int],
        *,
        busy: int = 0,
        started: int = 0,
    ) -> Self:
        """The record of the process that calls this."""
        host, pid, protocol = parts_of(process)
        return cls(protocol, VERSION, host, pid, lease, ghost_retries, ghost_delay, types, busy, started)

    def fields(self) -> list[Argument]:
        """The hash: field, content, field, content."""
        return [
            *("protocol", self.protocol, "version", self.version, "host", codec.text_bytes(self.host)),
            *("pid", self.pid, "lease", self.lease),
            *("ghost_retries", self.ghost_retries, "ghost_delay", self.ghost_delay),
            *("types", codec.encode(dict(self.types), "types")),
            *("busy", self.busy, "started", self.started),
        ]
