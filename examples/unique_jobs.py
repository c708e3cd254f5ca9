"""One job of a key at a time, one in a while, and only the last of many changes."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"), promotion={"interval": 100})
indexed: list[str] = []
synced: list[str] = []
running, changed, done = threading.Event(), threading.Event(), threading.Semaphore(0)


def click(_: int) -> kue.Job:
    return queue.create("unique charge", {"order": 7}).unique("charge order 7", within=timedelta(seconds=5)).save()


with ThreadPoolExecutor(8) as threads:
    jobs = list(threads.map(click, range(8)))
assert len({job.id for job in jobs}) == 1
print(sum(not job.existing for job in jobs), "of", len(jobs), "clicks made a job")

for text in ("h", "he", "hello"):  # at each keystroke; it runs once, a while after the last
    queue.create("unique index", {"text": text}).delay(300).unique("index page 9", replace=True).save()


@queue.process("unique index")
def index(job: kue.Job) -> None:
    indexed.append(job.data["text"])
    done.release()


@queue.process("unique sync")
def sync(job: kue.Job) -> None:
    running.set()
    changed.wait(10)
    synced.append(job.data["state"])
    done.release()


def account_changed(state: str) -> kue.Job:
    return queue.create("unique sync", {"state": state}).unique("sync account 3", until="started", replace=True).save()


account_changed("before")
running.wait(10)
assert not account_changed("a change during the run").existing
assert account_changed("the last change").existing
changed.set()
for _ in range(3):
    assert done.acquire(timeout=10)

print("indexed:", indexed)
print("synced:", synced)
jobs[0].remove()
queue.shutdown(2000)
