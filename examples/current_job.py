"""`kue.current_job()` is the running job, and every log record written under a handler names it."""

import io
import logging
import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
finished = threading.Event()

output = io.StringIO()
handler = logging.StreamHandler(output)
# the defaults are for records of the time before the first process()
handler.setFormatter(
    logging.Formatter("[%(job_type)s %(job_id)s] %(message)s", defaults={"job_type": "-", "job_id": "-"})
)
logging.basicConfig(level=logging.INFO, handlers=[handler])
logger = logging.getLogger("shop")


def charge(cents: int):
    """Knows nothing of jobs in its arguments."""
    logger.info("charging %d cents", cents)
    job = kue.current_job()
    if job is not None:
        job.log("charged %d cents", cents)


@queue.process("order")
def order(job: kue.Job):
    assert kue.current_job() is job
    charge(job.data["cents"])
    finished.set()


assert kue.current_job() is None
job = queue.create("order", {"cents": 995}).save()
assert finished.wait(5)
queue.shutdown(1000)
print(output.getvalue(), end="")
assert f"[order {job.id}] charging 995 cents" in output.getvalue()
