"""Types are paused and limited in the queue, for all processes: how many jobs run, and how many start in a while."""

import os
import threading
import time
from datetime import timedelta

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
lock = threading.Lock()
running = most = 0
starts: list[float] = []


@queue.process("report", 10)
def report(job: kue.Job):
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    time.sleep(0.02)
    with lock:
        running -= 1


@queue.process("mail", 10)
def mail(job: kue.Job):
    starts.append(time.monotonic())


def wait_for(type: str, count: int) -> None:
    deadline = time.monotonic() + 20
    while queue.complete_count(type) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# At most two reports at a time, whatever the number of slots and processes.
queue.limit("report", concurrency=2)
queue.save_all(queue.create("report") for _ in range(20))
wait_for("report", 20)
print("at most", most, "reports at a time")
assert most == 2

# In any 300 ms at most five mails.
queue.limit("mail", per=(5, timedelta(milliseconds=300)))
begin = time.monotonic()
queue.save_all(queue.create("mail") for _ in range(15))
wait_for("mail", 15)
print("15 mails in bursts of 5:", time.monotonic() - begin > 0.6)
print(queue.limit("mail"))
assert time.monotonic() - begin > 0.6

# The provider is down: nothing is lost, and nothing fails.
queue.limit("mail", per=None)
queue.pause("mail")
queue.save_all(queue.create("mail") for _ in range(3))
print("paused:", queue.paused("mail"), "- waiting:", queue.inactive_count("mail"))
assert queue.inactive_count("mail") == 3
queue.resume("mail")
wait_for("mail", 18)
print("resumed, and all 18 are sent")
queue.shutdown(1000)
