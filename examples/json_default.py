"""Data is JSON. A value that JSON cannot hold is refused, unless `json_default` turns it into another."""

import os
from datetime import date
from decimal import Decimal

import kue

address = os.environ.get("KUE_REDIS_URL", "embedded:")
invoice = {"due": date(2030, 1, 31), "lines": [{"price": Decimal("9.99")}]}

with kue.Queue(redis=address) as queue:
    try:
        queue.create("invoice", invoice).save()
    except kue.InvalidJobData as problem:
        print(problem)
        assert problem.path == "data.due"
    else:
        raise AssertionError("JSON has no dates")

with kue.Queue(redis=address, json_default=str) as queue:
    job = queue.create("invoice", invoice).save()
    print(kue.Job.get(job.id, queue=queue).data)
    assert kue.Job.get(job.id, queue=queue).data == {"due": "2030-01-31", "lines": [{"price": "9.99"}]}
    job.remove()
