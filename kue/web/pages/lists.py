"""The lists of jobs: one page for each state, and one for all jobs, which is also where jobs are looked for."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response

from kue.errors import InvalidOption
from kue.web.answers import as_json
from kue.web.api_v1.problems import with_refusals
from kue.web.call import Call
from kue.web.pages.assets import HASH
from kue.web.pages.frame import STATE_WORDS, framed
from kue.web.pages.list_chips import chips
from kue.web.pages.list_columns import (
    COLUMNS,
    actions,
    priority_words,
    quick_action,
    size_words,
    waits_since,
    worker_words,
)
from kue.web.pages.list_query import ListQuery, read_list
from kue.web.read_model.job_list import JobList
from kue.web.read_model.list_rows import list_rows
from kue.web.read_model.listing import PAGE, Listed, Listing
from kue.web.refused import Refused
from kue.web.rendering import page
from kue.web.routing import Route
from kue.web.visible import one_line

SECONDS = 4.0
"""How long the server may take: it reads for a second and a half, and waits for Redis besides."""
MAX_ROWS = 400_000
"""So many rows a browser can lay out in one table."""
_MAX_IDS = 300
_COUNT_AT_ONCE = 10_000
_MAX_TYPE = 60


def _list(path_state: str | None, call: Call) -> Response:
    """A list of jobs: the page, or the part of it that a script asks for."""
    query = read_list(call, path_state)
    part = call.query.get("part", "")
    if part == "count":
        return _count(call, query)
    if part == "ids":
        return _rows(call, query, Listed(_ids(call.query.get("ids", "")), 0, query.asked.order, False))
    if query.search is not None and query.search.id is not None and not part:
        return Response(status_code=303, headers={"Location": call.address(f"/jobs/{query.search.id}")})
    listed = Listing(call.site).read(query.asked)
    return _rows(call, query, listed) if part == "rows" else _page(call, query, listed)


def _page(call: Call, query: ListQuery, listed: Listed) -> Response:
    title = STATE_WORDS[query.state].capitalize() if query.state else "All jobs"
    here = query.path.removeprefix("/")
    first = query.asked.position
    return framed(
        call,
        "list.html",
        "Jobs found" if query.search is not None else title,
        here,
        **_values(call, query, listed),
        looked_for=query.text,
        chips=chips(call, query, listed),
        actions=actions(query.state, call.access),
        bulk_filter=query.bulk_filter,
        bulk_words=_words(query, listed),
        max_rows=MAX_ROWS,
        page_size=PAGE,
        previous=query.href(**{"from": max(0, first - PAGE) or ""}) if listed.has_positions and first else "",
        following=_following(query, listed),
        last=query.href(**{"from": (listed.total - 1) // PAGE * PAGE or ""}) if listed.has_positions else "",
        first_page=query.href(),
        back=query.href(**_place(call)),
    )


def _rows(call: Call, query: ListQuery, listed: Listed) -> Response:
    """The rows alone, for a script that puts them into the table."""
    return page(call, "list_rows.html", _values(call, query, listed) | {"static": call.address(f"/static/{HASH}")})


def _values(call: Call, query: ListQuery, listed: Listed) -> dict[str, Any]:
    access, with_data = call.access, call.access.may("data")
    shown = {
        "columns": COLUMNS[query.state],
        "with_data": with_data,
        "quick": partial(quick_action, access=access),
        "waits_since": waits_since,
        "priority_words": priority_words,
        "size_words": size_words,
        "worker_words": worker_words,
        "state_words": STATE_WORDS,
        "now": query.now,
    }
    rows = list_rows(call.site, listed.ids, with_data=with_data, with_results=query.state == "complete")
    return {"query": query, "listed": listed, "rows": rows, "shown": shown, "columns": COLUMNS[query.state]}


def _count(call: Call, query: ListQuery) -> Response:
    """How many jobs a filter takes, of a piece of their set. The script asks for one piece after the other."""
    asked = query.asked
    if asked.wanted.takes_all:
        total = call.site.pages.size(asked.wanted.state, asked.wanted.type_of_set)
        return as_json({"count": total, "scanned": 0, "cursor": None})
    if asked.words:
        raise Refused(422, "what is found in the index cannot be counted so")
    found = JobList(call.site.pages).find(asked.wanted, "next", _COUNT_AT_ONCE, asked.cursor, asked.wanted.looks_at)
    return as_json({"count": len(found.jobs), "scanned": found.scanned, "cursor": found.cursor})


def _words(query: ListQuery, listed: Listed) -> str:
    """What the filter takes: "61 of type email"."""
    filters = query.bulk_filter
    if filters is None:
        return ""
    if filters.keys() <= {"state"}:
        return f"{listed.total:,} {STATE_WORDS[query.state]}"
    if filters.keys() <= {"state", "type"} and listed.has_positions:
        return f"{listed.total:,} of type {one_line(query.type)[:_MAX_TYPE]}"
    return "that the filters take"


def _following(query: ListQuery, listed: Listed) -> str:
    """The address of the next page; "" at the end."""
    if not listed.has_positions:
        return query.href(cursor=listed.cursor) if listed.cursor else ""
    behind = query.asked.position + PAGE
    return query.href(**{"from": behind}) if behind < listed.total else ""


def _place(call: Call) -> dict[str, str]:
    return {name: call.query[name] for name in ("from", "cursor") if call.query.get(name)}


def _ids(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    if len(parts) > _MAX_IDS or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise InvalidOption(f"ids must be up to {_MAX_IDS} ids with dots between them")
    return tuple(map(int, parts))


def _route(path: str, state: str | None) -> Route:
    def endpoint(call: Call) -> Response:
        return _list(state, call)

    return Route("GET", path, "read", with_refusals(endpoint), seconds=SECONDS)


ROUTES = (
    *(_route(f"/{state}", state) for state in STATE_WORDS),
    _route("/jobs", None),
)
