"""Kue's route that creates jobs, one or a list.

It takes what Node takes sanely. What Node would store as nonsense, run as code or die of is refused, with nothing
written.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from kue.common.describe import short_repr
from kue.common.javascript import number_json
from kue.errors import InvalidOption, KueError, RedisRefused, SaveInterrupted
from kue.jobs.job import Job
from kue.options.job import JOB_OPTIONS
from kue.web.answers import as_json
from kue.web.call import Call
from kue.web.json_body import read_json
from kue.web.kue_api.errors import in_words_of_redis
from kue.web.refused import Refused

NO_TYPE = "Must provide job type"
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,16}(\.[0-9]{1,16})?\s*", re.ASCII)
_NUMBERS = ("priority", "attempts", "delay", "ttl")
# The options that Kue's API has, by Kue's names; the others are ignored, as in Node.
_OPTIONS = {
    option.kue_name: option.name
    for option in JOB_OPTIONS.values()
    if option.name in (*_NUMBERS, "backoff", "remove_on_complete", "search_keys")
}
_BACKOFF_KEYS = ("type", "delay", "maxDelay", "jitter")


def create(call: Call) -> Response:
    """Create a job, or each of a list. An empty body, list or object creates nothing."""
    body = read_json(call)
    if not body:
        return Response(status_code=204)
    return _create_all(call, body) if isinstance(body, list) else _create_one(call, body)


def _create_one(call: Call, item: dict[str, Any]) -> Response:
    job = _made(call, item)
    if isinstance(job, str):
        return as_json({"error": job}, 400)
    try:
        job.save()
    except RedisRefused as refused:
        if refused.transient:
            raise
        return as_json({"error": in_words_of_redis(refused)}, 500)
    return as_json(_answer(job, None))


def _create_all(call: Call, items: list[Any]) -> Response:
    """Create each of a list. What is wrong with one has its place in the answer, and the others are created."""
    most = call.site.settings.limits.jobs_per_request
    if len(items) > most:
        raise Refused(400, f"a list may have {most} jobs at most, and this one has {len(items)}")
    for position, item in enumerate(items):
        if not isinstance(item, dict):
            raise Refused(400, f"entry {position} of the list is no object: {short_repr(item)}")
    made = [_made(call, item) for item in items]
    problem = _save(call, [job for job in made if isinstance(job, Job)])
    answers = [_answer(job, problem) for job in made]
    if isinstance(problem, RedisRefused) and not problem.transient:
        return as_json(answers, 500)
    if problem is not None:
        return as_json(answers, 503, {"Retry-After": "1"})
    return as_json(answers, 400 if any("error" in answer for answer in answers) else 200)


def _save(call: Call, jobs: list[Job]) -> KueError | None:
    """Save jobs together. What broke it off is returned if Redis said it, or if some were saved before, else raised."""
    try:
        call.site.queue.save_all(jobs)
    except SaveInterrupted as interrupted:
        cause = interrupted.__cause__
        if not isinstance(cause, KueError):
            raise
        if not interrupted.saved and not isinstance(cause, RedisRefused):
            raise cause from None
        return cause
    return None


def _answer(made: Job | str, problem: KueError | None) -> dict[str, Any]:
    """What Kue says of a job that was saved, or of what was wrong with it."""
    if isinstance(made, str):
        return {"error": made}
    if problem is not None and made.id is None:
        return {"error": in_words_of_redis(problem)}
    return {"message": "job created", "id": made.id}


def _made(call: Call, item: dict[str, Any]) -> Job | str:
    """A new job, or what is wrong with it."""
    if _is_absent(item.get("type")):
        return NO_TYPE
    try:
        data, options = item.get("data"), _options(item.get("options"))
        return call.site.queue.create(_type(item["type"]), {} if _is_absent(data) else data, **options)
    except KueError as problem:
        return str(problem)


def _type(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise InvalidOption(f"type must be a string or a number, not {short_repr(given)}")
    return given if isinstance(given, str) else number_json(given)


def _options(given: object) -> dict[str, Any]:
    """The keywords for `create`. What is null, 0, "" or false counts as absent, as in Node."""
    if not isinstance(given, dict):
        return {}
    named = {name: given.get(kue_name) for kue_name, name in _OPTIONS.items()}
    return {name: _value(name, value) for name, value in named.items() if not _is_absent(value)}


def _is_absent(value: object) -> bool:
    return not value and not isinstance(value, (dict, list))


def _value(name: str, given: Any) -> Any:
    if name in _NUMBERS:
        return _number(name, given)
    if name == "remove_on_complete" and given in (1, "true"):
        return True
    if name == "backoff" and isinstance(given, dict):
        known = {key: value for key, value in given.items() if key in _BACKOFF_KEYS}
        return {key: _number(name, value) if "elay" in key else value for key, value in known.items()}
    return given


def _number(name: str, given: Any) -> Any:
    """A number that came as a string, as a number. What is no number is left to the check of the option."""
    found = _NUMBER.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return given
    return float(given) if found[1] else int(given)
