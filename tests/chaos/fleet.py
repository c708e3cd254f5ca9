"""The processes of a chaos run: a Redis that keeps what it acknowledged, Python workers and Node workers."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from tests.chaos.plan import LEASE, SHARED, STUCK_AFTER
from tests.chaos.record import AT_THE_END, Record
from tests.interop.node import NodeKue
from tests.processes import end, tied
from tests.servers import RedisServer

ROOT = Path(__file__).parent.parent.parent
SLOTS = 8
GRACE = 300  # ms that running jobs have when a worker is to stop

NODE_HANDLER = """
  (job, done) => {
    const fs = require('fs');
    const write = what => fs.appendFileSync(%s, JSON.stringify(
      {at: Date.now(), what, id: job.id, worker: job.workerId, attempts: job.toJSON().attempts.made}) + '\\n');
    write('start');
    for (let n = 0; n < job.data.lines; n++) {
      job.log('%%s reports %%d', job.workerId, n);
      job.progress(n, job.data.lines);
    }
    setTimeout(() => {
      const fails = job.toJSON().attempts.made < job.data.fail;
      write(fails ? 'raise' : 'end');
      fails ? done(new Error('planned')) : done(null, {by: job.workerId});
    }, job.data.ms);
  }
"""


class PythonWorker:
    """`kue worker` on worker.py. It reaches Redis at `url`."""

    def __init__(self, url: str, record: Record, log: Path) -> None:
        options = {"lease": LEASE, "stuck_after": STUCK_AFTER, "promotion": {"interval": 200}}
        environment = {
            "PYTHONPATH": str(ROOT),
            "CHAOS_REDIS": url,
            "CHAOS_RECORD": str(record.path),
            "CHAOS_OPTIONS": json.dumps(options),
            "CHAOS_SLOTS": str(SLOTS),
        }
        command = [sys.executable, "-m", "kue", "worker", "tests.chaos.worker:queue", "--timeout", str(GRACE)]
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            tied(command), cwd=ROOT, env=os.environ | environment, stdout=self._log, stderr=self._log
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def close(self) -> None:
        end(self.process, 30)
        self._log.close()


class Fleet:
    """A number of workers of each kind; one that ended is replaced. For the main thread, to which they are tied.

    Python workers reach the server at `url`, which may lead through a slow network.
    """

    def __init__(self, folder: Path, record: Record, python: int, node: int, server: RedisServer, url: str) -> None:
        self.server = server
        self._url = url
        self.record = record
        self.ended_by_themselves: list[str] = []
        self._folder = folder
        self._retired: list[PythonWorker] = []
        self.python = [self._new_python() for _ in range(python)]
        self.node = [self._new_node() for _ in range(node)]

    def _new_python(self) -> PythonWorker:
        return PythonWorker(self._url, self.record, self._folder / "python.log")

    def _new_node(self) -> NodeKue:
        worker = NodeKue(self.server.url, promotion={"interval": 200})
        worker.process(SHARED, SLOTS, "source", source=NODE_HANDLER % json.dumps(str(self.record.path)))
        return worker

    def fate(self, pid: int, kind: str) -> None:
        """Note what is done to a process, before it is done."""
        self.record.write("fate", None, f"::{pid}", kind=kind)

    def pick_python(self, pick: float) -> PythonWorker:
        return self.python[int(pick * len(self.python))]

    def replace_python(self, worker: PythonWorker) -> None:
        """Another takes its place; the old one may still be on its way out."""
        self.python[self.python.index(worker)] = self._new_python()
        self._retired.append(worker)

    def kill_node(self, pick: float) -> None:
        number = int(pick * len(self.node))
        self.fate(self.node[number].pid, "SIGKILL")
        self.node[number].kill()
        self.node[number].close()
        self.node[number] = self._new_node()

    def look_after(self) -> None:
        """Replace each worker that ended by itself, and note that it did."""
        for worker in list(self.python):
            if worker.process.poll() is not None:
                self.ended_by_themselves.append(
                    f"a Python worker ended by itself with code {worker.process.returncode}"
                )
                self.replace_python(worker)
        for number, node in enumerate(self.node):
            if not node.running:
                self.ended_by_themselves.append(f"a Node worker ended by itself: {node.stderr()[-300:]}")
                self.fate(node.pid, "ended by itself")
                node.close()
                self.node[number] = self._new_node()

    def stop_node(self) -> None:
        """End every Node worker; what they held stays as it is."""
        for node in self.node:
            self.fate(node.pid, AT_THE_END)
            node.close()
        self.node.clear()

    def close(self) -> None:
        for worker in [*self.python, *self._retired]:
            if worker.process.poll() is None:
                self.fate(worker.pid, AT_THE_END)
            worker.signal(signal.SIGCONT)
            worker.close()
        self.stop_node()


def cut_connections(server: RedisServer, pick: float, share: float) -> int:
    """Reset this share of the clients' connections, chosen from `pick`; how many there were."""
    with server.client(decode_responses=True) as client:
        mine = client.client_id()
        ids = sorted(int(entry["id"]) for entry in client.client_list() if int(entry["id"]) != mine)
        chosen = random.Random(pick).sample(ids, round(len(ids) * (0.3 + 0.7 * share)))
        return sum(int(client.client_kill_filter(_id=id)) for id in chosen)
