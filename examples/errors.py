"""What goes wrong: bad input raises at the call; an `error` event reports problems in the background."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
problems: list[type[kue.KueError]] = []
ended = threading.Semaphore(0)


@queue.on("error")
def on_error(problem: kue.KueError):  # every one is a kue.KueError, and logged to "kue" as well
    print("background:", problem)
    problems.append(type(problem))
    ended.release()


for bad in (
    lambda: queue.create(""),
    lambda: queue.create("email").attempts(0),
    lambda: queue.create("email").priority("urgent"),  # type: ignore  # type checkers report it, too
    lambda: queue.create("email", colour="red"),  # type: ignore
    lambda: queue.create("email", {"rows": [1, {2, 3}]}).save(),
    lambda: queue.process("email", lambda a, b, c, d: None),  # type: ignore
    lambda: kue.Job.get(10**12),
):
    try:
        bad()
    except kue.KueError as problem:
        print(f"{type(problem).__name__}: {problem}")
    else:
        raise AssertionError("this should be refused")

# a job whose data is not JSON fails, and the worker goes on
queue.process("poison", lambda job: "fine")
queue.create("poison").delay(60_000).save().set("data", "{not json").inactive()
assert ended.acquire(timeout=5)

# if a listener raises, an `error` event reports it and the others still run
queue.on("job complete", lambda id, result: {"done": id}[result])
queue.create("poison").save()
assert ended.acquire(timeout=5)

queue.shutdown(1000)
assert problems == [kue.JobInvalid, kue.ListenerError], problems
