"""A private server that keeps its data: `embedded:///directory`. Needs the extra `embedded`, and no Redis."""

import tempfile
import threading

import kue

with tempfile.TemporaryDirectory() as directory:
    with kue.Queue(redis=f"embedded://{directory}") as queue:
        job = queue.create("backup", {"disk": "sda"}).save()
        print("saved job", job.id, "and stopped the server")

    finished = threading.Event()
    with kue.Queue(redis=f"embedded://{directory}") as queue:
        assert kue.Job.get(job.id, queue=queue).state() == "inactive"

        @queue.process("backup")
        def backup(job: kue.Job):
            print("found job", job.id, "again:", job.data)
            finished.set()

        assert finished.wait(5)
