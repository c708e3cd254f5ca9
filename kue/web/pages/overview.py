"""The first page: whether anything is wrong, the counts, and what happened lately."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from kue.options.values import ALL_TYPES
from kue.web.call import Call
from kue.web.charts.chart import Chart, Slots
from kue.web.charts.latency import latency
from kue.web.charts.slots import slots
from kue.web.charts.sparkline import sparkline
from kue.web.charts.throughput import throughput
from kue.web.live.sources import AttentionSource
from kue.web.pages.attention_lines import with_help
from kue.web.pages.frame import framed
from kue.web.pages.lists_of import list_address
from kue.web.pages.operation_words import outcome
from kue.web.pages.overview_view import View
from kue.web.pages.type_actions import MAX_JOBS
from kue.web.read_model.counts import CountsReader
from kue.web.read_model.facts import MAX_TYPES
from kue.web.read_model.history import RANGES
from kue.web.read_model.overview import OverviewReader, TypeNow
from kue.web.read_model.reading import Reader, read_together
from kue.web.read_model.type_table import type_table
from kue.web.read_model.workers import Workers, read_workers
from kue.web.refused import Refused
from kue.web.routing import Route

logger = logging.getLogger("kue.web")
SECONDS = 4.0
"""It reads more than other pages. A Redis that does not answer at all is noticed by the first thing that it reads."""
MAX_GROUPS = 5
MAX_WORKERS = 6
_WORKERS_SECONDS = 5.0
_NOTHING: Mapping[str, Any] = {}


def overview(call: Call) -> Response:
    """The overview of the queue."""
    last = call.request.scope["path"].rpartition("/")[2]
    if last:
        return _with_slash(last)
    view, site = View.of(call), call.site
    may_see = call.access.may("data")
    readers: dict[str, Reader[Any]] = {
        "counts": CountsReader(site.facts).read(),
        "types": OverviewReader(site.facts).types(),
        "attention": AttentionSource(site, with_data=may_see).read(),
    }
    found = read_together(site.store.ask, readers, _failed)
    types: list[TypeNow] = found.get("types", [])
    figures: Mapping[str, Any] = found.get("counts", _NOTHING)
    table = type_table(types, site.facts, site.settings.thresholds, view.sort, view.find)
    return framed(
        call,
        "overview.html",
        "Overview",
        "overview",
        figures=figures,
        view=view,
        ranges=RANGES,
        type_names=[type.name for type in types],
        attention=with_help(call, view, found.get("attention", _NOTHING).get("lines", ())),
        quiet=found.get("attention", _NOTHING),
        charts=_charts(call, view),
        table=table,
        sparkline=sparkline,
        slots=slots,
        list_address=list_address,
        most_types=MAX_TYPES,
        most_retried=MAX_JOBS,
        groups=site.facts.failures(figures.get("failed"))[:MAX_GROUPS] if may_see else [],
        workers=_workers(call),
        most_workers=MAX_WORKERS,
        operation=_operation(call),
        is_new=not types and not any(figures.get(state) for state in ("inactive", "complete", "failed", "delayed")),
        own_address=f"{call.request.url.scheme}://{call.request.url.netloc}{call.address('')}",
    )


def _charts(call: Call, view: View) -> dict[str, Chart]:
    """The two charts of a type, or of all."""
    history = call.site.facts.history(view.type or ALL_TYPES, view.chosen)
    if history is None:
        return {}
    series = Slots(history.begin, history.length, history.numbers)
    return {"throughput": throughput(series, view.chosen.unit), "latency": latency(series, history.total)}


def _workers(call: Call) -> Workers:
    site = call.site
    found: Workers = site.facts.recent("workers", _WORKERS_SECONDS, lambda: read_workers(site))
    return found


def _operation(call: Call) -> dict[str, object] | None:
    """The operation that this page has begun, in words; None if it began none, or this process does not know it."""
    id = call.query.get("operation", "")
    try:
        found = call.site.operations.get(id) if id else None
    except Refused:
        return None
    return None if found is None else {"text": outcome(found), "is_running": found.state == "running"}


def _failed(name: str, problem: Exception) -> None:
    logger.error("%s cannot be read for the overview", name, exc_info=problem)


def _with_slash(last: str) -> Response:
    """Leads from the prefix of a mounted app to the same with a slash, from where the links of the page count.

    The address is relative to the `last` part of the prefix: the app does not know what a proxy has put in front of it,
    and a header Host may be forged.
    """
    return Response(status_code=307, headers={"Location": f"./{quote(last)}/"})


ROUTES = (Route("GET", "/", "read", overview, seconds=SECONDS),)
