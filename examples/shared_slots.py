"""Ten slots for two types together: a total for both, and neither is left out."""

import os
import threading
import time
from collections import Counter

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
lock = threading.Lock()
running = Counter[str]()
most = 0
first_report_after = 0
ended = threading.Semaphore(0)


@queue.process(["photo", "report"], 10, shared=True)
def work(job: kue.Job):
    global most, first_report_after
    with lock:
        running["now"] += 1
        running[job.type] += 1
        most = max(most, running["now"])
        if job.type == "report" and not first_report_after:
            first_report_after = running["photo"]
    time.sleep(0.01)
    with lock:
        running["now"] -= 1
    ended.release()


queue.save_all(queue.create("photo") for _ in range(300))
queue.save_all(queue.create("report") for _ in range(3))  # behind 300 others, but of another type
for _ in range(303):
    assert ended.acquire(timeout=20)
print("at most", most, "jobs ran at once, in", len(queue.workers), "slots")
print("the first report did not wait for all photos:", first_report_after < 300)
assert most == len(queue.workers) == 10
assert first_report_after < 300
queue.shutdown(1000)
