"""One chaos run from its beginning to its verdict."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import redis

from benchmarks.slow_network import SlowNetwork
from tests.chaos import cancels, history, limits, ticks
from tests.chaos.check import Verdict
from tests.chaos.disturb import Disturber
from tests.chaos.fleet import ROOT, Fleet
from tests.chaos.indexes import Snapshot
from tests.chaos.plan import STUCK_AFTER, Plan
from tests.chaos.producers import BACKLOG, NodeProducer, PythonProducer
from tests.chaos.record import Record, is_python
from tests.interop.node import NodeKue
from tests.servers import RedisServer

PYTHON_WORKERS, NODE_WORKERS = 3, 2
# The append-only file is the history: none of it may be written anew. Nothing may be evicted if memory is short.
SETTINGS = {"auto_aof_rewrite_percentage": "0", "maxmemory_policy": "noeviction"}
STUCK_AFTER_SECONDS = 60.0  # how long nothing may change before the run counts as stuck
PrintLine = Callable[[str], object]


class Chaos:
    """Runs a plan; `seconds` ends the disturbances and the saving early.

    Python workers reach Redis through a network that takes `latency` ms each way.
    """

    def __init__(
        self, plan: Plan, folder: Path, seconds: float | None, print_line: PrintLine, latency: float = 0.0
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.violations: list[str] = []
        self._ends_at = None if seconds is None else time.monotonic() + seconds
        self._print_line = print_line
        self._latency = latency
        self._began = time.monotonic()
        self.redis_version = ""

    def run(self) -> None:
        """Everything; afterwards `verdict`, `disturber` and `violations` have what happened."""
        with ExitStack() as stack:
            server = stack.enter_context(RedisServer(persist=True, **SETTINGS))
            self.record = Record(self.folder / "record.jsonl")
            stack.callback(self.record.close)
            self._client = stack.enter_context(server.client(socket_timeout=20))
            self.redis_version = self._client.info("server")["redis_version"]
            saver = stack.enter_context(NodeKue(server.url))
            url = stack.enter_context(SlowNetwork(server.port, self._latency)).url if self._latency else server.url
            self.fleet = Fleet(self.folder, self.record, PYTHON_WORKERS, NODE_WORKERS, server, url)
            stack.callback(self.fleet.close)
            self._produce_and_disturb(server, saver)
            ticks.pause(server.url)
            before = self._rest()
            doctored = self._doctor(server, "--fix", "--requeue-active-older-than", "0ms", "--grace", "500ms")
            self._rest()
            self.fleet.close()
            if self._doctor(server, "--grace", "500ms") != 0:
                self.violations.append("kue doctor finds something wrong at the end")
            if doctored != 0:
                self.violations.append(f"kue doctor --fix ended with exit code {doctored}")
            self._judge(server, before)

    # --- the run ---

    def _produce_and_disturb(self, server: RedisServer, saver: NodeKue) -> None:
        looker = server.client(socket_timeout=2)

        def waiting() -> int:
            try:
                return int(looker.zcard("q:jobs:inactive"))
            except redis.RedisError:
                return BACKLOG

        jobs = self.plan.jobs
        self.producers = [
            PythonProducer(server.url, self.record, jobs[::2], waiting),
            NodeProducer(saver, self.record, jobs[1::2], waiting),
        ]
        self.disturber = Disturber(self.fleet, self.record)
        self.canceller = cancels.Canceller(server.url, self.plan.seed)
        threads = (*self.producers, self.canceller, limits.Limiter(server.url))
        for thread in threads:
            thread.start()
        try:
            disturbances = self.plan.disturbances
            for number, disturbance in enumerate(disturbances, 1):
                self._wait_for_progress(number / (len(disturbances) + 1))
                if self._is_late:
                    break
                self._print_line(f"{self._ended:6} ended  {disturbance.kind}")
                self.disturber.carry_out(disturbance)
            while not self._is_late and not all(producer.done for producer in self.producers):
                self._tick()
        finally:
            for thread in threads:
                thread.stop()
            looker.close()

    @property
    def _is_late(self) -> bool:
        return self._ends_at is not None and time.monotonic() > self._ends_at

    @property
    def _ended(self) -> int:
        return int(self._client.zcard("q:jobs:complete") + self._client.zcard("q:jobs:failed"))

    def _tick(self) -> None:
        self.fleet.look_after()
        time.sleep(0.05)

    def _wait_for_progress(self, share: float) -> None:
        """Until this share of the jobs has ended, not counting those that remove themselves or are lost with Node."""
        mark, until = 0.85 * share * len(self.plan.jobs), time.monotonic() + STUCK_AFTER_SECONDS
        while self._ended < mark and time.monotonic() < until and not self._is_late:
            self._tick()

    # --- the end ---

    def _rest(self) -> Snapshot:
        """Wait until nothing changes any more without the doctor, and read everything."""
        self._print_line(f"{self._ended:6} ended  waiting for the others")
        still_since, last = time.monotonic(), (-1, 0)
        while time.monotonic() - still_since < STUCK_AFTER_SECONDS:
            self._tick()
            now = (self._ended, self._unfinished())
            if now != last:
                still_since, last = time.monotonic(), now
            elif now[1] == 0 and time.monotonic() - still_since > 1:
                break
        else:
            self.violations.append(f"{last[1]} jobs wait, and nothing has changed for {STUCK_AFTER_SECONDS:.0f} s")
        self.fleet.stop_node()
        return Snapshot(self._client)

    def _unfinished(self) -> int:
        """Jobs that wait, by their hashes too, or that a Python worker has; not those of which Node saved no type."""
        steps = self._client.pipeline(transaction=False)
        ids = [
            int(zid.partition(b"|")[2])
            for state in ("inactive", "delayed", "active")
            for zid in self._client.zrange(f"q:jobs:{state}", 0, -1)
        ]
        for id in ids:
            steps.hmget(f"q:job:{id}", "state", "workerId", "type")
        return sum(
            (state in (b"inactive", b"delayed") and (type is not None or id in self.disturber.poison))
            or (state == b"active" and is_python((worker or b"").decode()))
            for id, (state, worker, type) in zip(ids, steps.execute(), strict=True)
        )

    def _doctor(self, server: RedisServer, *options: str) -> int:
        self._print_line(f"{self._ended:6} ended  kue doctor {' '.join(options)}")
        command = [sys.executable, "-m", "kue", "doctor", "--redis", server.url, *options]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        (self.folder / "doctor.log").open("a").write(f"{done.stdout}{done.stderr}\n")
        return done.returncode

    def _judge(self, server: RedisServer, before: Snapshot) -> None:
        saved = {id: plan for producer in self.producers for id, plan in producer.saved.items()}
        shutil.copytree(server.directory / "appendonlydir", self.folder / "appendonlydir", dirs_exist_ok=True)
        steps = history.read(self.folder)
        self.verdict = Verdict(saved, self.disturber.poison, list(self.record.read()), steps)
        self.verdict.judge_sets(before, {plan.key for plan in self.plan.jobs[1::2]})
        self.verdict.judge(Snapshot(self._client))
        (self.folder / "node.txt").write_text("\n".join(self.verdict.stories_of_node))
        self.violations += [*self.fleet.ended_by_themselves, *self.verdict.violations]
        self.violations += [double for producer in self.producers for double in producer.doubles]
        self.ticks = ticks.counted(self._client)
        self.violations += cancels.complaints(steps)
        self.limits = limits.Judge(history.commands(self.folder))
        self.violations += self.limits.complaints
        self.violations += ticks.complaints(Snapshot(self._client), self.ticks)
        self.acknowledged = len(saved) + len(self.disturber.poison)
        self.doubtful = sum(producer.doubtful for producer in self.producers)
        self.seconds = time.monotonic() - self._began


assert STUCK_AFTER / 1000 < STUCK_AFTER_SECONDS
