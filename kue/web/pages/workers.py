"""`/workers`: the processes that run jobs, what each of them runs now, and those that were lost in the last hour."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from starlette.responses import Response

from kue.web.call import Call
from kue.web.charts.slots import slots
from kue.web.pages.frame import framed
from kue.web.pages.lists_of import list_address, types_with_addresses
from kue.web.read_model.workers import RunningJob, Worker, read_workers
from kue.web.routing import Route


def workers(call: Call) -> Response:
    """The workers."""
    found = read_workers(call.site)
    shown = [*found.python, *found.node]
    return framed(
        call,
        "workers.html",
        "Workers",
        "workers",
        found=found,
        workers=[_row(worker) for worker in shown],
        lost=[_row(worker) for worker in found.lost],
        others=_jobs(found.others),
    )


def _row(worker: Worker) -> dict[str, object]:
    return {
        "worker": worker,
        "types": types_with_addresses(worker.types, "/active"),
        "drawing": Markup("") if worker.is_node or worker.busy is None else slots(worker.busy, worker.slots),
        "jobs": _jobs(worker.jobs),
        "all_jobs": list_address("/active", worker=worker.id),
    }


def _jobs(jobs: Sequence[RunningJob]) -> list[dict[str, object]]:
    return [{"id": job.id, "type": job.type, "since": job.since} for job in jobs]


ROUTES = (Route("GET", "/workers", "read", workers),)
