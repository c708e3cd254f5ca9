"""The addresses of all pages. Those of lists are Kue's own."""

from __future__ import annotations

from kue.web.pages import assets, failures, overview, schedules, workers

ROUTES = (*overview.ROUTES, *failures.ROUTES, *workers.ROUTES, *schedules.ROUTES, *assets.ROUTES)
