"""Stopping at SIGTERM: running jobs get some time; what is not done by then goes back to its queue."""

import os
import signal
import threading
import time

import kue

shop = kue.Queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
worker = kue.Queue(redis=shop.client)  # a second queue on the same Redis, as in another process

signals: list[int] = []
signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))  # takes no lock, unlike an Event
started = threading.Barrier(3)
released = threading.Event()


@worker.process("stopping", 2)
def work(job: kue.Job):
    started.wait(5)
    if job.data == "long":
        released.wait()
    return "done"


short = shop.create("stopping", "short").save()
long = shop.create("stopping", "long").save()
started.wait(5)  # both are running
os.kill(os.getpid(), signal.SIGTERM)  # as a supervisor does
while not signals:
    time.sleep(0.1)

# Without requeue=True the long one would fail with "Shutdown", and use up an attempt, as in Kue.
worker.shutdown(300, requeue=True)
released.set()

states = [kue.Job.get(job.id, queue=shop).state() for job in (short, long)]
print("short:", states[0], "- long:", states[1])
assert states == ["complete", "inactive"]
assert kue.Job.get(long.id, queue=shop).attempts_made == 0
long.remove()
shop.shutdown()
