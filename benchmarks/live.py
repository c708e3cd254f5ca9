"""Measures the live stream of the HTTP server: a program of its own, since Node Kue has nothing to compare it with.

python -m benchmarks.live
"""

from __future__ import annotations

import argparse
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import kue
import kue.web
from benchmarks import usage
from benchmarks.contestants import ROOT
from benchmarks.server import Server
from kue.web.live.sources import Followed
from kue.web.live.topics import read_topics
from kue.web.read_model.reading import read_together
from tests.helpers import wait_until
from tests.processes import end, tied
from tests.servers import free_port

TOPICS = "counts,types,attention"
READINGS = 200
SETTLE_SECONDS = 2.0


def main() -> int:
    given = _options()
    server = Server()
    try:
        with kue.Queue(redis=server.url) as queue:
            queue.save_all(queue.create(f"type {number % given.types}") for number in range(10 * given.types))
            for name in ("counts", TOPICS):
                commands, milliseconds = measure_reading(server, queue, name)
                print(f"one reading of {name}, {given.types} types: {commands} commands, {milliseconds:.2f} ms")
        cpu, commands_each_second, stop = measure_server(server, given.streams, given.seconds)
    finally:
        server.close()
    print(f"{given.streams} idle streams: {100 * cpu:.2f}% of a core, {commands_each_second:.0f} commands/s")
    print(f"the server stops with them open in {stop:.2f} s")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--types", type=int, default=20)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the CPU is measured")
    return parser.parse_args()


def measure_reading(server: Server, queue: kue.Queue, names: str) -> tuple[int, float]:
    """The commands of a reading and the ms that it takes, both as medians. Most find what is read seldom in memory."""
    site = kue.web.app(queue, auth=kue.web.open_access).site
    sources = {name: Followed(site, topic, True).source() for name, topic in read_topics(names).items()}
    counts: list[int] = []

    def ask(commands: list[object]) -> list[object]:
        counts[-1] += len(commands)
        return site.store.ask(commands)  # type: ignore[arg-type]

    times = []
    for _ in range(READINGS):
        counts.append(0)
        began = time.perf_counter()
        read_together(ask, {name: source.read() for name, source in sources.items()}, _failed)  # type: ignore[arg-type]
        times.append(1000 * (time.perf_counter() - began))
    return int(statistics.median(counts)), statistics.median(times)


def _failed(name: object, problem: Exception) -> None:
    raise problem


def measure_server(server: Server, streams: int, seconds: float) -> tuple[float, float, float]:
    """The share of a core that `kue dashboard` uses with idle streams, its commands a second, and how it stops."""
    port = free_port()
    command = [sys.executable, "-m", "kue", "dashboard", "--port", str(port), "--redis", server.url]
    process = subprocess.Popen(tied(command), cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _is_listening(port), 30)
        clients = [_open(port) for _ in range(streams)]
        time.sleep(SETTLE_SECONDS)
        cpu, commands, began = usage.cpu_of_threads(process.pid), server.commands(), time.monotonic()
        time.sleep(seconds)
        lasted = time.monotonic() - began
        used = (usage.cpu_of_threads(process.pid) - cpu) / lasted
        asked = (server.commands() - commands) / lasted
        stop = _seconds(lambda: (process.send_signal(signal.SIGTERM), process.wait(30)))
        for client in clients:
            client.close()
    finally:
        end(process)
    return used, asked, stop


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _open(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"GET /api/v1/events?topics={TOPICS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    found = b""
    while b'"topic":"attention"' not in found:
        found += client.recv(65_536)
    return client


def _seconds(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
