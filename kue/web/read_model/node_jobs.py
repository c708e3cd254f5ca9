"""Whether Node workers run jobs of the queue, by some of the jobs that are active or ended last.

Python does not count the runs of Node, so a page with numbers of the past should say that these are missing.
"""

from __future__ import annotations

from kue.options.values import parse_number
from kue.store import codec
from kue.store.store import Store
from kue.store.worker_id import is_node_worker

_MAX_ACTIVE, _MAX_ENDED = 100, 50
LATELY_MS = 3_600_000
_FIELDS = ("workerId", "updated_at")


def node_ran_at(store: Store, now: int) -> int:
    """When a Node worker last had one of these jobs, in ms; 0 if none had. A job that is active counts as of now."""
    active = store.ids(0, _MAX_ACTIVE - 1, "active")
    ended = [id for state in ("complete", "failed") for id in store.ids(-_MAX_ENDED, -1, state)]
    latest = 0
    for place, (worker, updated_at) in enumerate(store.fields([*active, *ended], _FIELDS)):
        if is_node_worker(codec.text(worker or b"")):
            at = now if place < len(active) else min(now, int(parse_number(updated_at) or 0))
            latest = max(latest, at)
    return latest
