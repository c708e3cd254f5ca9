"""Kue's routes that read: counts, types, single jobs, logs and ranges. None of them writes anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from redis.exceptions import ResponseError
from starlette.responses import Response

from kue.common import strict_json
from kue.common.javascript import number_json
from kue.connection.pool import refusal
from kue.errors import JobInvalid, JobNotFound
from kue.options.values import STATES
from kue.web.answers import as_json, json_list, json_text
from kue.web.call import Call
from kue.web.kue_api.errors import NO_INTEGER
from kue.web.kue_api.javascript import number, parse_int
from kue.web.kue_api.job_json import FIELDS, job_json

_MIN_POSITION, _MAX_POSITION = -(2**63), 2**63 - 1
_STATES_IN_STATS = ("inactive", "complete", "active", "failed", "delayed")
_ID = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
TRUNCATED = "X-Kue-Truncated"


def stats(call: Call) -> Response:
    """How many jobs are in each state, and the total duration of completed runs in ms; null before any."""
    site = call.site
    counts = site.store.counts([(state, None) for state in _STATES_IN_STATS])
    pairs = [f'"{state}Count":{count}' for state, count in zip(_STATES_IN_STATS, counts, strict=True)]
    work_time = site.pages.work_time()
    pairs.append(f'"workTime":{"null" if work_time is None else number_json(number(work_time))}')
    return json_text("{" + ",".join(pairs) + "}")


def types(call: Call) -> Response:
    """Every type ever saved."""
    return as_json(call.site.pages.types())


def job(call: Call) -> Response:
    """One job. Its id in the answer is the text of the address."""
    id = job_id(call)
    found = call.site.store.hashes([id])[0]
    if found is None:
        raise JobNotFound(id)
    if isinstance(found, ResponseError):
        raise refusal(found) from found
    return json_text(job_json(id, found._asdict(), with_data=call.access.may("data")))


def log(call: Call) -> Response:
    """The log lines of a job; none if there is no such job, or if the user may not see data."""
    id = call.params["id"]
    if not _ID.fullmatch(id) or not call.access.may("data"):
        return as_json([])
    return json_list(map(strict_json.dumps, call.site.pages.log_lines(int(id))))


def jobs(call: Call) -> Response:
    """The jobs at some positions among all jobs."""
    return _range(call)


def jobs_of_state(call: Call) -> Response:
    """The jobs at some positions in a state; or of a type, if there is no such state."""
    name = call.params["state"]
    return _range(call, state=name) if name in STATES else _range(call, type=name)


def jobs_of_type(call: Call) -> Response:
    """The jobs at some positions of a type in a state."""
    return _range(call, state=call.params["state"], type=call.params["type"])


def count(call: Call) -> Response:
    """How many jobs of a type are in a state."""
    state = call.params["state"]
    return as_json({"count": call.site.store.count(state, call.params["type"]) if state in STATES else 0})


def job_id(call: Call) -> str:
    """The id in the address. Raises `JobNotFound` if no job can have it."""
    id = call.params["id"]
    if not _ID.fullmatch(id):
        raise JobNotFound(id)
    return id


def _range(call: Call, state: str | None = None, type: str | None = None) -> Response:
    """As in Kue, positions follow the order of the set; what is found is sorted by id, which `desc` turns round."""
    start, stop = _position(call.params["from"]), _position(call.params["to"])
    if start is None or stop is None:
        return as_json({"error": NO_INTEGER})
    if state is not None and state not in STATES:
        return as_json([])
    page = call.site.pages.ids(start, stop, call.site.settings.limits.jobs_per_answer, state, type)
    ids = sorted(page.ids, reverse=call.params.get("order") == "desc")
    return json_list(_readable(call, ids), {TRUNCATED: "true"} if page.truncated else None)


def _readable(call: Call, ids: Sequence[int]) -> Iterator[str]:
    """The jobs as JSON. Kue leaves out those that it cannot read."""
    with_data = call.access.may("data")
    for id, fields in call.site.pages.rows(ids, FIELDS):
        try:
            yield job_json(id, fields, with_data=with_data)
        except JobInvalid:
            continue


def _position(text: str) -> int | None:
    position = parse_int(text)
    return position if position is not None and _MIN_POSITION <= position <= _MAX_POSITION else None
