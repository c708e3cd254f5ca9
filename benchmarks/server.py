"""The Redis of the benchmark: started for it, without persistence, and asked what it did."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.errors import BenchmarkError
from tests.helpers import wait_until
from tests.servers import RedisServer

ASKED_BY_US = {"info", "config|resetstat", "config|set", "flushall", "slowlog|reset", "slowlog|get", "zcard"}
STATES = ("inactive", "active", "complete", "failed", "delayed")


@dataclass(frozen=True)
class Work:
    """What the server did in some time."""

    cpu: float  # microseconds
    commands: int
    reads: int
    by_command: dict[str, tuple[int, int]] = field(default_factory=dict)  # name: calls, microseconds


class Server:
    """A Redis server of our own, and one connection to it that measures."""

    def __init__(self) -> None:
        # Kue and each listener keep connections; a payload of 1 MB must fit in the buffers of those who listen.
        self._redis = RedisServer(maxclients="20000", client_output_buffer_limit="pubsub 0 0 0")
        self.client = self._redis.client()
        self.url = self._redis.url
        self.version: str = self.client.info("server")["redis_version"]

    @property
    def pid(self) -> int:
        return self._redis.process.pid

    def empty(self) -> None:
        """Forget all data and all counts."""
        self.client.flushall()
        self.client.config_resetstat()
        self.client.slowlog_reset()

    def used_memory(self) -> int:
        """What the data takes, once nobody else is connected; cached scripts are not counted."""
        wait_until(lambda: not self.clients())
        info = self.client.info("memory")
        return int(info["used_memory"] - info["mem_clients_normal"] - info.get("used_memory_scripts", 0))

    def clients(self) -> int:
        """How many others are connected."""
        return int(self.client.info("clients")["connected_clients"]) - 1

    def counts(self, prefix: str = "q") -> dict[str, int]:
        """How many jobs of Kue are in each state."""
        pipeline = self.client.pipeline(transaction=False)
        for state in STATES:
            pipeline.zcard(f"{prefix}:jobs:{state}")
        return dict(zip(STATES, pipeline.execute(), strict=True))

    def expect(self, **counts: int) -> None:
        """Raise unless so many jobs of Kue are in each state; in those not named none may be."""
        expected = dict.fromkeys(STATES, 0) | counts
        found = self.counts()
        if found != expected:
            raise BenchmarkError(f"the jobs do not add up: {found}, expected {expected}")

    def forget_complete(self) -> None:
        """Have the jobs that are complete count no more."""
        self.client.delete("q:jobs:complete")

    def watch(self) -> Callable[[], Work]:
        """Begin to watch what the server does; calling the result tells."""
        self.client.config_resetstat()
        before = self._cpu()

        def told() -> Work:
            cpu = self._cpu() - before
            stats: dict[str, Any] = self.client.info("commandstats")
            by_command = {
                name.removeprefix("cmdstat_"): (int(of["calls"]), int(of["usec"])) for name, of in stats.items()
            }
            by_command = {name: of for name, of in by_command.items() if name not in ASKED_BY_US}
            commands = sum(calls for calls, _ in by_command.values())
            return Work(1e6 * cpu, commands, int(self.client.info("stats")["total_reads_processed"]), by_command)

        return told

    def _cpu(self) -> float:
        told = self.client.info("cpu")
        return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])

    def hold_watch(self, above: float = 1.0) -> Callable[[], float]:
        """Begin to watch for commands that hold the server; calling the result tells the longest, in ms.

        Nothing shorter than `above` ms is seen: then the answer is 0.
        """
        self.client.config_set("slowlog-log-slower-than", int(1000 * above))
        self.client.config_set("slowlog-max-len", 10_000)
        self.client.slowlog_reset()

        def longest() -> float:
            entries = self.client.slowlog_get(10_000)
            self.client.config_set("slowlog-log-slower-than", -1)
            return max((int(entry["duration"]) for entry in entries), default=0) / 1000

        return longest

    def wait(self, condition: Callable[[], bool], timeout: float, what: str, every: float = 0.02) -> float:
        """Wait for a condition; the seconds it took. Raises `BenchmarkError` after `timeout`."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > timeout:
                raise BenchmarkError(f"{what}: still not so after {timeout:g} s; {self.counts()}")
            time.sleep(every)
        return time.monotonic() - began

    def close(self) -> None:
        self.client.close()
        self._redis.close()
