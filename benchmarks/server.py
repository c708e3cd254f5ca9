"""The Redis server of the benchmark: starts it without persistence, and reads what it did."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.errors import BenchmarkError
from tests.helpers import wait_until
from tests.servers import RedisServer

OWN_COMMANDS = {"info", "config|resetstat", "config|set", "flushall", "slowlog|reset", "slowlog|get", "zcard"}
STATES = ("inactive", "active", "complete", "failed", "delayed")


@dataclass(frozen=True)
class Work:
    """What the server did during a measurement."""

    cpu: float  # microseconds
    commands: int
    reads: int
    by_command: dict[str, tuple[int, int]] = field(default_factory=dict)  # name: calls, microseconds


class Server:
    """A Redis server that only the benchmark uses, and one connection to it that measures."""

    def __init__(self) -> None:
        # Kue and each listener keep connections open, and a payload of 1 MB must fit into the buffers of the listeners.
        self._redis = RedisServer(maxclients="20000", client_output_buffer_limit="pubsub 0 0 0")
        self.client = self._redis.client()
        self.url = self._redis.url
        self._asked = 0
        self.version: str = self.client.info("server")["redis_version"]

    @property
    def pid(self) -> int:
        return self._redis.process.pid

    @property
    def port(self) -> int:
        return self._redis.port

    def empty(self) -> None:
        """Delete all data and reset all counts."""
        self.client.flushall()
        self.client.config_resetstat()
        self.client.slowlog_reset()

    def used_memory(self) -> int:
        """Bytes that the data takes, without cached scripts. It waits until there is no other connection."""
        wait_until(lambda: not self.clients())
        info = self.client.info("memory")
        return int(info["used_memory"] - info["mem_clients_normal"] - info.get("used_memory_scripts", 0))

    def clients(self) -> int:
        """How many other clients are connected."""
        return int(self.client.info("clients")["connected_clients"]) - 1

    def commands(self) -> int:
        """How many commands the server has carried out, those of scripts included, without those that ask for this."""
        self._asked += 1
        return int(self.client.info("stats")["total_commands_processed"]) - self._asked

    def counts(self, prefix: str = "q") -> dict[str, int]:
        """How many jobs of Kue are in each state."""
        pipeline = self.client.pipeline(transaction=False)
        for state in STATES:
            pipeline.zcard(f"{prefix}:jobs:{state}")
        return dict(zip(STATES, pipeline.execute(), strict=True))

    def expect(self, **counts: int) -> None:
        """Raise `BenchmarkError` unless each state has the number of jobs given, or 0 if it is not named."""
        expected = dict.fromkeys(STATES, 0) | counts
        found = self.counts()
        if found != expected:
            raise BenchmarkError(f"the jobs do not add up: {found}, expected {expected}")

    def forget_complete(self) -> None:
        """Take the complete jobs out of the counts."""
        self.client.delete("q:jobs:complete")

    def watch(self) -> Callable[[], Work]:
        """Start to measure what the server does. The function returned gives what it has done since."""
        self.client.config_resetstat()
        before = self._cpu()

        def measured() -> Work:
            cpu = self._cpu() - before
            stats: dict[str, Any] = self.client.info("commandstats")
            by_command = {
                name.removeprefix("cmdstat_"): (int(of["calls"]), int(of["usec"])) for name, of in stats.items()
            }
            by_command = {name: of for name, of in by_command.items() if name not in OWN_COMMANDS}
            commands = sum(calls for calls, _ in by_command.values())
            return Work(1e6 * cpu, commands, int(self.client.info("stats")["total_reads_processed"]), by_command)

        return measured

    def _cpu(self) -> float:
        info = self.client.info("cpu")
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

    def watch_longest_command(self, above: float = 1.0) -> Callable[[], float]:
        """Start to watch for long commands. The function returned gives the ms that the longest since has taken.

        It gives 0 if no command took more than `above` ms.
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
        """Wait for a condition, and return the seconds that it took. Raises `BenchmarkError` after `timeout`."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > timeout:
                raise BenchmarkError(f"{what}: still not so after {timeout:g} s; {self.counts()}")
            time.sleep(every)
        return time.monotonic() - began

    def close(self) -> None:
        self.client.close()
        self._redis.close()
