"""Reads the body that a form of our own pages sends. What changes something without a script is such a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from kue.common import strict_json
from kue.web.call import Call
from kue.web.refused import Refused

FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1000


def read_form(call: Call) -> Mapping[str, str]:
    """The fields of a form; of one that comes twice, the last. Raises `Refused`: 415 for another type, 400 if it cannot
    be read."""
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Refused(415, f"the body must be a form, with the header Content-Type: {FORM}")
    try:
        text = call.body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as problem:
        raise Refused(400, f"the form cannot be read ({problem})") from None
    call.check_time()
    return dict(pairs)


def read_json_field(form: Mapping[str, str], name: str) -> Any:
    """A field whose text is JSON. Browsers change line breaks and half characters in any other. Raises `Refused`."""
    try:
        return strict_json.loads(form[name])
    except (KeyError, ValueError) as problem:
        raise Refused(422, f"the field {name} must be JSON ({problem})") from None
