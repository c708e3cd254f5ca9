"""The addresses of all pages. Those of lists are Kue's own."""

from __future__ import annotations

from kue.web.pages import (
    assets,
    create,
    failures,
    job,
    job_files,
    lists,
    overview,
    row_actions,
    schedules,
    type_actions,
    workers,
)

ROUTES = (
    *overview.ROUTES,
    *type_actions.ROUTES,
    *lists.ROUTES,
    *row_actions.ROUTES,
    *job.ROUTES,
    *job_files.ROUTES,
    *create.ROUTES,
    *failures.ROUTES,
    *workers.ROUTES,
    *schedules.ROUTES,
    *assets.ROUTES,
)
