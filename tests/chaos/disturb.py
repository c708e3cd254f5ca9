"""Carries out disturbances, on the main thread: servers and workers are tied to it."""

import contextlib
import random
import signal
import socket
import threading
import time

import redis

from tests.chaos import plan as plans
from tests.chaos.fleet import Fleet, PythonWorker, cut_connections
from tests.chaos.plan import Disturbance
from tests.chaos.record import Record

_LEASE = plans.LEASE / 1000


class Disturber:
    """Does to the fleet what the plan contains, and counts how often it did each thing."""

    def __init__(self, fleet: Fleet, record: Record) -> None:
        self.counts: dict[str, int] = dict.fromkeys(plans.WEIGHTS, 0)
        self.cut = 0
        self.poison: dict[int, str] = {}
        self._fleet = fleet
        self._record = record
        self._never = threading.Event()
        self._does = {
            plans.KILL: self._kill,
            plans.FREEZE: self._freeze,
            plans.STOP: self._stop,
            plans.HURRY: self._hurry,
            plans.NODE_KILL: self._node_kill,
            plans.CUT: self._cut,
            plans.FLUSH: self._flush,
            plans.REDIS_KILL: self._redis_kill,
            plans.REDIS_FREEZE: self._redis_freeze,
            plans.NO_MEMORY: self._no_memory,
            plans.READ_ONLY: self._read_only,
            plans.POISON: self._poison,
        }

    def carry_out(self, what: Disturbance) -> None:
        self._record.write("fate", None, "", kind=what.kind)
        self._does[what.kind](what)
        self._record.write("over", None, "", kind=what.kind)
        self.counts[what.kind] += 1

    def _wait(self, seconds: float) -> None:
        self._never.wait(seconds)

    # --- Python workers ---

    def _doom(self, what: Disturbance, kind: str) -> PythonWorker:
        worker = self._fleet.pick_python(what.pick)
        self._fleet.fate(worker.pid, kind)
        return worker

    def _kill(self, what: Disturbance) -> None:
        worker = self._doom(what, "SIGKILL")
        worker.signal(signal.SIGKILL)
        self._fleet.replace_python(worker)

    def _freeze(self, what: Disturbance) -> None:
        """For longer than the lease; meanwhile something else may happen to the others."""
        worker = self._doom(what, "SIGSTOP")
        worker.signal(signal.SIGSTOP)
        until = time.monotonic() + _LEASE * (1.5 + what.share)
        if what.during is not None:
            self.carry_out(what.during)
        self._wait(until - time.monotonic())
        worker.signal(signal.SIGCONT)

    def _stop(self, what: Disturbance) -> None:
        worker = self._doom(what, "SIGTERM")
        worker.signal(signal.SIGTERM)
        self._fleet.replace_python(worker)

    def _hurry(self, what: Disturbance) -> None:
        """A second signal, later than the echo of the first that `kue worker` overlooks."""
        worker = self._doom(what, "SIGTERM twice")
        worker.signal(signal.SIGTERM)
        self._wait(0.15 + 0.1 * what.share)
        if worker.process.poll() is None:
            worker.signal(signal.SIGTERM)
        self._fleet.replace_python(worker)

    # --- Node workers ---

    def _node_kill(self, what: Disturbance) -> None:
        self._fleet.kill_node(what.pick)

    # --- Redis and the network ---

    def _cut(self, what: Disturbance) -> None:
        with contextlib.suppress(redis.RedisError):  # another disturbance took the server away
            self.cut += cut_connections(self._fleet.server, what.pick, what.share)

    def _flush(self, what: Disturbance) -> None:
        with self._fleet.server.client() as client:
            client.script_flush()

    def _redis_kill(self, what: Disturbance) -> None:
        """Away for up to two leases; only now and then for longer than one."""
        self._fleet.server.kill()
        self._wait(2 * _LEASE * what.share**3)
        self._fleet.server.restart()

    def _redis_freeze(self, what: Disturbance) -> None:
        self._fleet.server.pause()
        self._wait(2 * _LEASE * what.share**2)
        self._fleet.server.resume()

    # --- a Redis that answers, and refuses ---

    def _no_memory(self, what: Disturbance) -> None:
        """It refuses whatever needs memory. Every second time it has as much as is used at the moment: then one command
        can use what another has freed, and of a pipeline Redis carries out some and refuses others."""
        until = time.monotonic() + _LEASE * (0.1 + 0.9 * what.share)
        with self._fleet.server.client() as client:
            while time.monotonic() < until:
                client.config_set("maxmemory", 1 if what.pick < 0.5 else client.info("memory")["used_memory"])
                self._wait(0.05)
            client.config_set("maxmemory", 0)

    def _read_only(self, what: Disturbance) -> None:
        """A replica whose master cannot be reached: every second time it refuses reads too."""
        stale = "yes" if what.pick < 0.5 else "no"
        with self._fleet.server.client() as client, socket.socket() as nowhere:
            nowhere.bind(("127.0.0.1", 0))  # held and not listened to, so that no server can be taken for the master
            client.config_set("replica-serve-stale-data", stale)
            client.replicaof("127.0.0.1", nowhere.getsockname()[1])
            self._wait(_LEASE * (0.1 + 1.9 * what.share**2))
            client.replicaof("NO", "ONE")

    # --- jobs that no worker can run ---

    def _poison(self, what: Disturbance) -> None:
        """Written to Redis directly, as a program with a mistake in it might."""
        chance = random.Random(what.pick)
        with self._fleet.server.client() as client:
            for _ in range(3 + round(6 * what.share)):
                kind = chance.choice([plans.NOT_JSON, plans.UNKNOWN_BACKOFF, plans.NO_TYPE])
                id = int(client.incr("q:ids"))
                self.poison[id] = kind
                self._record.write("acked", id, key=-id)
                _save_poison(client, id, kind)


def _save_poison(client: "redis.Redis", id: int, kind: str) -> None:
    now = str(time.time_ns() // 1_000_000)
    fields = {"data": '{"ms":0,"fail":9,"late":0,"lines":0}', "priority": "0", "max_attempts": "5", "state": "inactive"}
    fields |= {"created_at": now, "updated_at": now, "promote_at": now, "type": plans.PYTHON}
    if kind == plans.NOT_JSON:
        fields["data"] = "{not json"
    elif kind == plans.UNKNOWN_BACKOFF:
        fields["backoff"] = '{"type":"lunar","delay":50}'
    else:
        del fields["type"]
    zid = f"{len(str(id)):02d}|{id}"
    with client.pipeline(transaction=True) as steps:
        steps.hset(f"q:job:{id}", mapping=fields)
        steps.sadd("q:job:types", plans.PYTHON)
        for key in ("q:jobs", "q:jobs:inactive", f"q:jobs:{plans.PYTHON}:inactive"):
            steps.zadd(key, {zid: 0})
        steps.lpush(f"q:{plans.PYTHON}:jobs", 1)
        steps.execute()
