"""kue with `job.send` and `job.promise`: import it as kue, and all of kue is there. It changes nothing in kue itself.

import kue_send as kue

future = kue.create_queue().create("pdf", {"url": "..."}).promise(timeout=10_000)
print(future.result())
"""

from kue import *  # noqa: F403
from kue import __all__ as _all_of_kue
from kue.singleton import ProcessWide
from kue_send.job import Job
from kue_send.promise import Promise
from kue_send.queue import Queue

_process_wide = ProcessWide(Queue)
create_queue = _process_wide.create_queue
Job.default_queue = _process_wide.create_queue

__all__ = [*_all_of_kue, "Promise"]  # noqa: PLE0604 (the names of kue)
