"""The queue systems that are measured. Each contestant is a program that answers the requests of the driver."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
NODE_DRIVER = ROOT / "benchmarks/drivers/node/driver.js"
KUE_MODULES = ROOT / "tests/interop/node_modules"  # the tests' own Node Kue, which `make` installs
PEER_MODULES = NODE_DRIVER.parent / "node_modules"

EACH, BULK, WORK, ROUND_TRIP, ALL = "save each", "save bulk", "work", "round trip", "all"


@dataclass(frozen=True)
class Contestant:
    """One queue system. `can` names what its driver can do; `share` is its share of the jobs, less if it is slow."""

    key: str
    title: str
    command: tuple[str, ...]
    can: frozenset[str]
    share: float = 1.0
    environment: dict[str, str] = field(default_factory=dict, hash=False)

    def does(self, what: str) -> bool:
        return ALL in self.can or what in self.can


@dataclass(frozen=True)
class Peer:
    """A system of the table in docs/performance.md. It takes part if `module` is installed."""

    title: str
    module: str
    can: tuple[str, ...]
    share: float


PEERS: dict[str, Peer] = {
    "bullmq-node": Peer("BullMQ (Node)", "bullmq", (EACH, BULK, WORK, ROUND_TRIP), 1.0),
    "bullmq": Peer("BullMQ (Python)", "bullmq", (EACH, BULK, WORK, ROUND_TRIP), 0.3),
    "dramatiq": Peer("dramatiq", "dramatiq", (EACH, WORK, ROUND_TRIP), 0.3),
    "huey": Peer("huey", "huey", (EACH, WORK, ROUND_TRIP), 0.3),
    "wakaq": Peer("wakaq", "wakaq", (EACH, WORK), 0.5),
    "saq": Peer("saq", "saq", (EACH, BULK, WORK, ROUND_TRIP), 0.3),
    "streaq": Peer("streaq", "streaq", (EACH, BULK, WORK, ROUND_TRIP), 0.3),
    "arq": Peer("arq", "arq", (EACH, WORK, ROUND_TRIP), 0.2),
    "taskiq": Peer("taskiq", "taskiq_redis", (EACH, WORK, ROUND_TRIP), 0.3),
    "celery": Peer("celery", "celery", (EACH, WORK, ROUND_TRIP), 0.1),
    "rq": Peer("rq", "rq", (EACH, BULK, WORK, ROUND_TRIP), 0.1),
}


def ours() -> Contestant:
    return Contestant("kue", "kue", (sys.executable, "-m", "benchmarks.drivers.kue"), frozenset({ALL}))


def listeners() -> Contestant:
    """The driver of connections that only listen. It is no queue system."""
    return Contestant("listeners", "listeners", (sys.executable, "-m", "benchmarks.drivers.listeners"), frozenset())


def node_kue() -> Contestant:
    return _in_node("node-kue", "Node Kue", "kue", KUE_MODULES, frozenset({ALL}), 1.0)


def missing_for_node_kue() -> str | None:
    """What real Kue needs and does not find here; None if it can run."""
    if not shutil.which("node"):
        return "Node Kue needs the package nodejs (Debian)"
    if not (KUE_MODULES / "kue").is_dir():
        return "Node Kue is not installed: `npm ci` in tests/interop installs it"
    return None


def peers(pythons: Sequence[str]) -> tuple[list[Contestant], list[str]]:
    """The peers that are installed, each in the first of these Pythons that has it, and the titles of the others."""
    found, absent = [], []
    for key, peer in PEERS.items():
        can = frozenset(peer.can)
        if key.endswith("-node"):
            if (PEER_MODULES / peer.module).is_dir() and shutil.which("node"):
                found.append(_in_node(key, peer.title, peer.module, PEER_MODULES, can, peer.share))
                continue
        elif (python := next((python for python in pythons if _has(python, peer.module)), None)) is not None:
            command = (python, "-m", f"benchmarks.drivers.{key}")
            found.append(Contestant(key, peer.title, command, can, peer.share))
            continue
        absent.append(peer.title)
    return found, absent


def _in_node(key: str, title: str, adapter: str, modules: Path, can: frozenset[str], share: float) -> Contestant:
    environment = {"NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"}
    return Contestant(key, title, ("node", str(NODE_DRIVER), adapter), can, share, environment)


@cache
def _has(python: str, module: str) -> bool:
    check = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", check], cwd=os.sep, check=False).returncode == 0
