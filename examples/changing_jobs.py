"""A saved job can be changed: its options and data, its state, fields of your own."""

import os

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))

job = queue.create("parcel", {"to": "Kalmar"}).save()
job.data["to"] = "Kiruna"
job.priority("high").attempts(3).update()  # save() on a saved job does the same

job.set("shelf", 12)  # a field of the job's hash, for your own use
job.delayed()  # it waits for its promote_at; here that is past, so the next promotion queues it
stored = kue.Job.get(job.id)
print(stored, stored.data, stored.priority(), stored.attempts(), "shelf", stored.get_field("shelf"))
assert (stored.data, stored.priority(), stored.attempts()) == ({"to": "Kiruna"}, -10, 3)
assert (stored.state(), stored.get_field("shelf")) == ("delayed", "12")

stored.complete()  # by hand, without a worker
assert (kue.Job.get(job.id).state(), kue.Job.get(job.id).progress()) == ("complete", 100)

stored.remove()
assert queue.card_by_type("parcel", "complete") == 0
queue.shutdown()
