"""Options for all jobs, for a type and for one job, and how to change the first two while the program runs."""

import os

import kue

queue = kue.create_queue(
    redis=os.environ.get("KUE_REDIS_URL", "embedded:"),
    job_defaults={"attempts": 3, "ttl": 60_000},
    job_flags={"email": {"attempts": 5}},
)


def shown(type: str, attempts: int | None = None):
    job = queue.create(type, attempts=attempts)
    return job.attempts(), job.ttl()


print("as made:", shown("report"), shown("email"), shown("email", attempts=9))
assert [shown("report"), shown("email"), shown("email", attempts=9)] == [(3, 60_000), (5, 60_000), (9, 60_000)]

# the mail server has trouble: more attempts for what is created from now on
queue.configure(job_flags={"email": {"attempts": 20}})
print("configured:", shown("report"), shown("email"))
assert [shown("report"), shown("email")] == [(3, 60_000), (20, 60_000)]

queue.reset()
print("reset:", shown("report"), shown("email"))
assert shown("email") == (5, 60_000)
queue.shutdown()
