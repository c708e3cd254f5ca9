"""A module for the command line: `kue worker command_line:queue --processes 2` runs its jobs. Needs the extra `cli`.

Run as a program it saves some jobs, starts that very command, and stops it with SIGTERM, as a supervisor does.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))


def render(job: kue.Job):
    return {"tile": job.data, "by": os.getpid()}


def main():
    results: list[dict[str, int]] = []
    ended = threading.Semaphore(0)
    queue.on("job complete", lambda id, result: (results.append(result), ended.release()))
    queue.save_all(queue.create("tile", number) for number in range(12))

    settings = queue.client.connection_pool.connection_kwargs
    address = os.environ.get("KUE_REDIS_URL") or f"redis://{settings['host']}:{settings['port']}"
    worker = subprocess.Popen(
        [sys.executable, "-m", "kue", "worker", "command_line:queue", "--processes", "2"],
        cwd=Path(__file__).parent,
        env=os.environ | {"KUE_REDIS_URL": address},
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(12):
            assert ended.acquire(timeout=60)
    finally:
        worker.terminate()
        code = worker.wait(20)
    assert sorted(result["tile"] for result in results) == list(range(12))
    assert os.getpid() not in {result["by"] for result in results}
    print("12 tiles are rendered")
    print("the workers ended with code", code)
    assert code == 0
    queue.shutdown()


if __name__ == "__main__":
    main()
else:
    queue.process("tile", 2, render)  # kue worker has imported this module
