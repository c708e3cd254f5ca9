"""Errors of `/api/v1` as problems, in the form of RFC 9457."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus

from starlette.responses import Response

from kue.common import strict_json
from kue.connection.reply_text import is_wrong_kind
from kue.errors import (
    HeldByNode,
    InvalidJobData,
    InvalidOption,
    JobInvalid,
    JobNotFound,
    RedisRefused,
    ScheduleNotFound,
)
from kue.store import codec
from kue.web.call import Call
from kue.web.description import Parameter
from kue.web.refused import Refused
from kue.web.routing import Endpoint

PROBLEM = "application/problem+json"
_MAX_SHOWN = 40


def problem(refused: Refused) -> Response:
    """A refusal as a problem: `status`, `title`, `detail`, and what else it tells."""
    title = HTTPStatus(refused.status).phrase
    body = {"type": "about:blank", "title": title, "status": refused.status, "detail": refused.message}
    text = strict_json.dumps({**body, **refused.details})
    return Response(codec.text_bytes(text), refused.status, refused.headers, PROBLEM)


def with_problems(endpoint: Callable[[Call], Response], parameters: Sequence[Parameter] = ()) -> Endpoint:
    """An endpoint of `/api/v1`: what it raises becomes a refusal with the fitting status.

    A parameter behind the `?` that it does not have is refused, since it may be a filter that was misspelt.
    """
    known = sorted(parameter.name for parameter in parameters if parameter.place == "query")
    refusing = with_refusals(endpoint)

    @wraps(endpoint)
    def answer(call: Call) -> Response:
        _check_names(call, known)
        return refusing(call)

    return answer


def with_refusals(endpoint: Callable[[Call], Response]) -> Endpoint:
    """An endpoint of which an error about a job, an option or a schedule becomes a refusal with the fitting status."""

    @wraps(endpoint)
    def answer(call: Call) -> Response:
        try:
            return endpoint(call)
        except (JobNotFound, ScheduleNotFound) as missing:
            raise Refused(404, str(missing)) from missing
        except (InvalidOption, InvalidJobData) as wrong:
            raise Refused(422, str(wrong)) from wrong
        except (HeldByNode, JobInvalid) as conflict:
            raise Refused(409, str(conflict)) from conflict
        except RedisRefused as refused:
            if not is_wrong_kind(refused.__cause__):
                raise
            raise Refused(409, str(refused)) from refused

    return answer


def _check_names(call: Call, known: Sequence[str]) -> None:
    unknown = sorted(call.query.keys() - known)
    if unknown:
        others = f"there are {', '.join(known)}" if known else "this address takes none"
        raise Refused(422, f"there is no parameter {unknown[0][:_MAX_SHOWN]!r}; {others}")
