"""Reads the body that a form of a page sends."""

from __future__ import annotations

from urllib.parse import parse_qsl

from kue.web.call import Call
from kue.web.refused import Refused

_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 200


def read_form(call: Call) -> dict[str, str]:
    """The fields of a form; of one that comes twice, the last. Raises `Refused` (415 or 400) if the body is no form."""
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _TYPE:
        raise Refused(415, f"the body must be a form, with the header Content-Type: {_TYPE}")
    try:
        pairs = parse_qsl(
            call.body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError as problem:
        raise Refused(400, f"the form cannot be read ({problem})") from None
    return dict(pairs)
