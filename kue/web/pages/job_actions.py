"""What can be done with a job by the forms of its page: the same as by `/api/v1`, with answers for people.

An answer leads back to the page. If something was not done, the answer is the page, which says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from kue.options.values import parse_number
from kue.web.api_v1 import jobs
from kue.web.api_v1.problems import with_refusals
from kue.web.call import Call
from kue.web.many import STATES_OF
from kue.web.pages.frame import STATE_WORDS
from kue.web.priority import write_priority
from kue.web.refused import Refused

_FRONT = -15  # at least as far in front as the priority `critical`
_PARTICIPLES = {"retry": "run again", "promote": "run before its time", "cancel": "cancelled", "remove": "removed"}
_ADVICE = {("retry", "active"): " Cancel it first."}


def act(call: Call, action: str) -> None:
    """Do something with the job in the address. Raises `Refused`, which says in a sentence why it was not done."""
    try:
        with_refusals(_CHANGES[action])(replace(call, body=b""))
    except Refused as refused:
        raise Refused(refused.status, _sentence(call.params["id"], action, refused), refused.headers) from refused


def _sentence(id: str, action: str, refused: Refused) -> str:
    """Why something was not done, and what to do instead."""
    state = refused.details.get("state")
    if isinstance(state, str) and state not in STATES_OF.get(action, ()):
        name, advice = STATE_WORDS.get(state, state), _ADVICE.get((action, state), "")
        return f"Job {id} is {name}, so it cannot be {_PARTICIPLES[action]}.{advice}"
    text = refused.message
    return f"{text[:1].upper()}{text[1:]}."


def _first(call: Call) -> Response:
    """Have a queued job be the next of its type that runs."""
    id = jobs.job_id(call)
    type, state = call.site.store.type_and_state(id)
    if state != "inactive" or not type:
        raise Refused(409, f"job {id} is not queued, so it cannot be put first")
    [reply] = call.site.store.ask([call.site.facts.commands.first_with_score("inactive", type)])
    lowest = parse_number(reply[1]) if isinstance(reply, list) and len(reply) == 2 else None
    write_priority(call.site.queue.get(id), min(_FRONT, int(lowest or 0) - 1))
    return Response(status_code=204)


_CHANGES: dict[str, Callable[[Call], Response]] = {
    "retry": jobs.retry,
    "promote": jobs.promote,
    "cancel": jobs.cancel,
    "remove": jobs.remove,
    "first": _first,
}
PERMISSIONS = {"retry": "retry", "promote": "retry", "first": "retry", "cancel": "cancel", "remove": "remove"}
