"""Reads which jobs are wanted, from the parameters of a list or from the filter of an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kue.options.values import read_state, read_type
from kue.web.read_model.job_list import Wanted
from kue.web.refused import Refused
from kue.web.security.access import Access

TEXTS = ("worker", "message", "alike", "match")
NAMES = {"state", "type", *TEXTS, "created_from", "created_to", "failed_from", "failed_to"}
_OF_DATA = ("message", "alike", "match")
_MAX_TEXT = 1000


def read_filter(given: Mapping[str, Any], access: Access, moment: Callable[[str], int | None]) -> Wanted:
    """The jobs that are wanted. `moment` reads one of the times by its name; None if it is not given.

    Raises `Refused`, and `InvalidOption` for a state or a type.
    """
    texts: dict[str, Any] = {name: "" if given.get(name) is None else given[name] for name in TEXTS}
    for name, text in texts.items():
        if not isinstance(text, str) or len(text) > _MAX_TEXT:
            raise Refused(422, f"{name} must be text of {_MAX_TEXT} characters at most")
        if text and name in _OF_DATA and not access.may("data"):
            raise Refused(403, f"{name} needs the permission data")
    return Wanted(
        read_state(given["state"]) if "state" in given else "",
        read_type(given["type"]) if "type" in given else "",
        **texts,
        created=(moment("created_from"), moment("created_to")),
        failed=(moment("failed_from"), moment("failed_to")),
    )
