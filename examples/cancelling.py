"""Cancel a job that waits and one that runs; cancel, retry and remove many at once."""

import os
import threading
import time

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
began = threading.Event()


@queue.process("export")
def export(job: kue.Job):
    began.set()
    for row in range(job.data["rows"]):
        if job.cancelled:
            print("the export stops", "before it began" if row == 0 else "on its way")
            job.raise_if_cancelled()
        time.sleep(0.01)


running = queue.create("export", {"rows": 100_000}).attempts(3).save()
waiting = queue.create("export", {"rows": 100_000}).save()
began.wait(10)
print("waiting:", waiting.cancel("the customer has left"))
print("running:", running.cancel("the customer has left"))
while queue.failed_count() < 2:
    time.sleep(0.01)
last = queue.get(running.id)
print(f"job {last.id}: {last.error()}, {last.runs[-1]['outcome']} in attempt {last.attempts_made} of 3")

queue.save_all(queue.create("mail", {"to": n}) for n in range(500))
print("cancelled:", queue.cancel_all("mail", "wrong link"))
print("queued again:", queue.retry_all(type="mail"))
print("removed:", queue.remove_all("inactive", "mail"))
queue.shutdown(1000)
