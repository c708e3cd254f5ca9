"""kue_send: events of your own, from the worker to the program that created the job, and back."""

import os
import threading

import kue_send as kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
answers: list[str] = []


@queue.process("interview")
def interview(job: kue.Job):
    answered = threading.Event()
    job.on("answer", lambda data: (answers.append(data), answered.set()))
    for question in job.data["questions"]:
        answered.clear()
        job.send("question", {"text": question})
        assert answered.wait(5)
    job.send("result", {"answers": len(answers)})  # a promise resolves with the first result
    # what follows here still runs, but the promise does not wait for it


job = queue.create("interview", {"questions": ["name?", "quest?", "favourite colour?"]})


@job.on("question")
def answer(data: dict[str, str]):
    print("asked:", data["text"])
    job.send("answer", f"an answer to {data['text']}")


future = job.promise(timeout=10_000)
print("result:", future.result())
assert future.result() == {"answers": 3}
assert answers == ["an answer to name?", "an answer to quest?", "an answer to favourite colour?"]
queue.shutdown(1000)
