"""Answers with Kue's words for what went wrong. Kue says it with status 200."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from redis.exceptions import ResponseError
from starlette.responses import Response

from kue.connection.reply_text import reply_text
from kue.errors import (
    ConnectionFailed,
    InvalidJobData,
    InvalidOption,
    JobInvalid,
    JobNotFound,
    KueError,
    RedisRefused,
    ShutdownInProgress,
)
from kue.web.answers import as_json
from kue.web.call import Call
from kue.web.refused import Refused
from kue.web.routing import Endpoint

NO_INTEGER = "ERR value is not an integer or out of range"


def not_found(id: str) -> str:
    """What Kue says of an id that no job has."""
    return f'job "{id}" doesnt exist'


def in_words_of_redis(problem: KueError) -> str:
    """What Redis said, if it refused something; Node passes that on as it is."""
    cause = problem.__cause__
    return reply_text(cause) if isinstance(cause, ResponseError) else str(problem)


def in_words_of_kue(endpoint: Callable[[Call], Response]) -> Endpoint:
    """An endpoint of Kue's API: what it raises becomes an answer as Node gives it.

    What cannot be carried out now, but may be later, is left to the app, which answers 503.
    """

    @wraps(endpoint)
    def answer(call: Call) -> Response:
        id = call.params.get("id", "")
        try:
            return endpoint(call)
        except (ConnectionFailed, ShutdownInProgress):
            raise
        except JobNotFound:
            return as_json({"error": not_found(id)})
        except JobInvalid as problem:
            return as_json({"error": f'job "{id}" is invalid' if "has no type" in str(problem) else str(problem)})
        except (InvalidOption, InvalidJobData) as problem:
            return as_json({"error": str(problem)}, 400)
        except RedisRefused as refused:
            if refused.transient:
                raise
            return as_json({"error": in_words_of_redis(refused)})
        except KueError as problem:
            return as_json({"error": str(problem)})
        except Refused as refused:
            return as_json({"error": refused.message, **refused.details}, refused.status, refused.headers)

    return answer
