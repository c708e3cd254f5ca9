"""What a handler reports on the way: log lines, and progress with data."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
finished = threading.Event()


@queue.process("slideshow")
def render(job: kue.Job):
    slides = job.data["slides"]
    for number, slide in enumerate(slides, 1):
        job.log("rendering %s, slide %d of %d", slide, number, len(slides))
        job.progress(number, len(slides), {"last": slide})
    job.log({"anything": ["can", "be", "logged"]})


job = queue.create("slideshow", {"slides": ["title", "numbers", "questions"]})
job.on("progress", lambda percent, data: print(f"{percent:3d} %  {data['last']}"))
job.on("complete", finished.set)
job.save()
assert finished.wait(5)

lines = kue.Job.get_log(job.id)
print(*lines, sep="\n")
assert lines[1] == "rendering numbers, slide 2 of 3"

job = kue.Job.get(job.id)
assert (job.progress(), job.progress_data) == (100, {"last": "questions"})
queue.shutdown(1000)
