"""`GET /api/v1/jobs`: lists of jobs by state, type and what they hold."""

from __future__ import annotations

from starlette.responses import Response

from kue.options.values import read_choice
from kue.store.search import SearchIndex
from kue.web.answers import as_json
from kue.web.api_v1.filters import read_filter
from kue.web.api_v1.parameters import whole
from kue.web.call import Call
from kue.web.read_model.job_list import NEWEST, NEXT, ORDERS, Found, JobList, Wanted
from kue.web.read_model.job_search import BEST, JobSearch, read_query
from kue.web.read_model.job_view import JobViews
from kue.web.refused import Refused

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
SECONDS = 4.0
"""How long the server may take: it reads for a second and a half, and waits for Redis besides."""


def jobs(call: Call) -> Response:
    """Jobs of a set, and where to go on."""
    wanted = read_filter(call.query, call.access, lambda name: whole(call, name, 0) if name in call.query else None)
    limit = whole(call, "limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise Refused(422, f"limit must be from 1 to {MAX_LIMIT}")
    found = _search(call, wanted, limit) if call.query.get("q") else _list(call, wanted, limit)
    views, with_data = JobViews(call.site), call.access.may("data")
    shown = [views.view(id, job, with_data=with_data) for id, job in found.jobs]
    return as_json({"jobs": shown, "total": found.total, "scanned": found.scanned, "cursor": found.cursor})


def _list(call: Call, wanted: Wanted, limit: int) -> Found:
    """Jobs of a set."""
    order = read_choice("order", call.query.get("order", NEWEST), ORDERS)
    jobs = JobList(call.site.pages)
    if "any" in call.query:
        raise Refused(422, "any goes with q")
    if "from" not in call.query:
        return jobs.find(wanted, order, limit, call.query.get("cursor"))
    if order != NEXT or "cursor" in call.query or not wanted.takes_all:
        raise Refused(422, "from goes with the order next, and with no cursor and no filter but a set")
    return jobs.at(wanted, whole(call, "from", 0), limit)


def _search(call: Call, wanted: Wanted, limit: int) -> Found:
    """Jobs that have the words of `q`."""
    if not call.access.may("data"):
        raise Refused(403, "q needs the permission data")
    if "from" in call.query:
        raise Refused(422, "from does not go with q")
    read_choice("order", call.query.get("order", BEST), (BEST,))
    any = read_choice("any", call.query.get("any", "false"), ("true", "false")) == "true"
    search = JobSearch(JobList(call.site.pages), SearchIndex(call.site.store))
    return search.find(wanted, read_query(call.query["q"]), any=any, limit=limit, cursor=call.query.get("cursor"))
