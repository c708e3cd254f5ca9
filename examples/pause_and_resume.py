"""A handler that takes a `ctx` can pause its type in this process, and have it resumed later."""

import os
import threading
import time
from collections.abc import Callable

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
ran: list[str] = []
finished = threading.Event()


def resume(ctx: kue.Context):
    ran.append(f"resumed with {queue.inactive_count('crawl')} waiting")
    ctx.resume()


@queue.process("crawl")
def crawl(job: kue.Job, ctx: kue.Context, done: Callable[..., None]):
    ran.append(job.data)
    if job.data == "too many requests":
        ctx.pause(5000)  # what still runs after 5 s would fail with "Shutdown"
        threading.Timer(0.4, resume, [ctx]).start()
    if job.data == "last":
        finished.set()
    done()


begin = time.monotonic()
queue.save_all(queue.create("crawl", data) for data in ("first", "too many requests", "next", "last"))
assert finished.wait(10)
print(*ran, sep="\n")
assert ran == ["first", "too many requests", "resumed with 2 waiting", "next", "last"]
assert time.monotonic() - begin >= 0.4
queue.shutdown(1000)
