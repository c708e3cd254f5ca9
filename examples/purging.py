"""Jobs that have ended are removed: by age, by number, at a call, and with their last failure."""

import os
import time
from datetime import timedelta

import kue

queue = kue.create_queue(
    redis=os.environ.get("KUE_REDIS_URL", "embedded:"),
    purge={"failed": timedelta(seconds=2)},  # days, in an application
    job_flags={"ping": {"attempts": 2, "keep": {"complete": 5}}},
)


@queue.process(["ping", "email"], 5)
def work(job: kue.Job):
    if job.data["to"] == "nowhere":
        raise ConnectionError("no answer")
    return "done"


queue.save_all(queue.create(type, {"to": n}) for type in ("ping", "email") for n in range(200))
queue.create("ping", {"to": "nowhere"}, remove_on_fail=True).save()
queue.create("ping", {"to": "nowhere"}).save()
while queue.inactive_count() + queue.active_count():
    time.sleep(0.05)

print("failed jobs:", queue.failed_count())  # the one with remove_on_fail is gone
print("older than an hour:", queue.purge("complete", older_than=timedelta(hours=1)))
print("not among the newest 50:", queue.purge("complete", keep=50, type="email"))

while queue.complete_count("ping") > 5 or queue.failed_count():  # the process purges by itself: here every second
    time.sleep(0.05)
print("left:", queue.complete_count("ping"), "pings and", queue.complete_count("email"), "emails")
queue.shutdown(1000)
