"""The addresses of all pages. Those of lists are Kue's own."""

from __future__ import annotations

from kue.web.pages import assets, overview

ROUTES = (*overview.ROUTES, *assets.ROUTES)
