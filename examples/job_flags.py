"""Options that every job of a type starts with; what a job sets for itself comes first."""

import os

import kue

queue = kue.create_queue(
    redis=os.environ.get("KUE_REDIS_URL", "embedded:"),
    job_flags={
        "flags email": {"attempts": 5, "backoff": {"type": "exponential", "delay": 500}, "priority": "high"},
        "flags report": {"ttl": 60_000, "remove_on_complete": True},
    },
)

email = queue.create("flags email", {"to": "tj@example.com"}).save()
urgent = queue.create("flags email", {"to": "boss@example.com"}, priority="critical").save()
report = queue.create("flags report").save()

for job in (email, urgent, report):
    stored = kue.Job.get(job.id)
    print(stored.type, stored.attempts(), stored.priority(), stored.backoff(), stored.ttl())
assert (kue.Job.get(email.id).attempts(), kue.Job.get(email.id).priority()) == (5, -10)
assert (kue.Job.get(urgent.id).attempts(), kue.Job.get(urgent.id).priority()) == (5, -15)
assert (kue.Job.get(report.id).ttl(), kue.Job.get(report.id).remove_on_complete()) == (60_000, True)
for job in (email, urgent, report):
    job.remove()
queue.shutdown()
