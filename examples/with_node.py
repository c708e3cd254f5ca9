"""Side by side with Node's Kue: each creates jobs that the other runs, and receives their events.

Starts with_node.js, which needs Node and real Kue: `npm install kue@0.11.6` in this folder. Node's Kue cannot use the
socket of a private server, so that both connect to KUE_REDIS_URL, or to redis://127.0.0.1:6379.
"""

import subprocess
import threading
from pathlib import Path

import kue

queue = kue.create_queue()
ended = threading.Semaphore(0)
results: list[dict[str, object]] = []


@queue.process("summary")
def summarise(job: kue.Job):
    job.progress(1, 2)
    return {"words": len(job.data["text"].split()), "by": "Python"}


@queue.on("job complete")
def on_complete(id: int, result: dict[str, object]):
    print(f"Python: job {id} has the result {result}")
    results.append(result)
    ended.release()


node = subprocess.Popen(["node", Path(__file__).with_suffix(".js")], stdin=subprocess.PIPE)
resize = queue.create("resize", {"photo": "cat.png", "width": 640}).save()

try:
    for _ in range(2):
        assert ended.acquire(timeout=20)
    assert {"words": 6, "by": "Python"} in results
    assert {"width": 320, "by": "Node"} in results
    assert kue.Job.get_log(resize.id) == ["resizing cat.png"]
    assert (kue.Job.get(resize.id).worker_id or "").split(":")[0] == "kue"
finally:
    if node.stdin is not None:
        node.stdin.close()
    code = node.wait(10)
queue.shutdown(1000)
assert code == 0
