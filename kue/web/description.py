"""What the route table says of a route of `/api/v1`, for the OpenAPI file and the help that are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kue.options.schemas import Schema

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Parameter:
    """A part of the address, or a header.

    One in the path stands in the pattern of its route as `:name`, and is always there.
    """

    name: str
    meaning: str
    schema: Schema
    default: str | int | None = None
    place: Literal["query", "path", "header"] = "query"
    required: bool = False


@dataclass(frozen=True)
class Answer:
    """What a route answers if all went well; no body without a `schema`. `location` is what that header leads to."""

    meaning: str
    schema: Schema | None = None
    location: str = ""
    media_type: str = JSON_TYPE


@dataclass(frozen=True)
class Description:
    """A route in a few words, and what goes in and comes out.

    `problems` are the statuses of the errors that this route has besides those that each has. A request needs a body if
    there is a schema of one and `needs_body` is true.
    """

    summary: str
    answers: Mapping[int, Answer]
    problems: Sequence[int] = ()
    parameters: Sequence[Parameter] = ()
    body: Schema | None = None
    needs_body: bool = True
