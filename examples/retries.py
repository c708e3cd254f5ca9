"""A job that fails runs again, up to its number of attempts; backoff sets the wait before each new attempt."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"), promotion={"interval": 50})
ended = threading.Semaphore(0)
waits: list[int | None] = []


@queue.process("upload", 2)
def upload(job: kue.Job):
    if job.attempts_made:
        waits.append(job.delay())  # what this attempt waited for: backoff writes it into the job's delay
    if job.attempts_made < job.data["failures"]:
        raise ConnectionError(f"attempt {job.attempts_made + 1} of {job.attempts()} failed")
    return "uploaded"


def watch(job: kue.Job):
    job.on("failed attempt", lambda message, made: print(f"job {job.id}: {message}"))
    job.on("complete", lambda result: (print(f"job {job.id}: {result}"), ended.release()))
    job.on("failed", lambda message: (print(f"job {job.id} gave up: {message}"), ended.release()))
    return job.save()


# exponential: 50 ms, then 150, 350, 750 ... (half of delay times 2^attempts - 1), never more than max_delay
patient = watch(
    queue.create("upload", {"failures": 3})
    .attempts(5)
    .backoff({"type": "exponential", "delay": 100, "max_delay": 10_000})
)
assert ended.acquire(timeout=10)
assert waits == [50, 150, 350], waits

# without backoff it is queued again at once; here every attempt fails
waits.clear()
hopeless = watch(queue.create("upload", {"failures": 9}, attempts=2))
assert ended.acquire(timeout=10)

failed = kue.Job.get(hopeless.id)
print("stored:", (failed.error() or "").splitlines()[0])
assert (failed.state(), failed.attempts_made, waits) == ("failed", 2, [None])
assert kue.Job.get(patient.id).state() == "complete"
queue.shutdown(1000)
