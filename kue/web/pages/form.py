"""Reads what a form of a page sent, and leads back to the page that it is on."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from starlette.responses import Response

from kue.web.call import Call
from kue.web.refused import Refused

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 2000
_OWN_PATH = re.compile(r"/[a-z]+(?:\?[!-~]*)?", re.ASCII)  # no host, and nothing that a browser would read as one


def read_form(call: Call) -> dict[str, list[str]]:
    """The values of each field. Raises `Refused`: 415 for what is no form, 400 for one that cannot be read."""
    if call.request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refused(415, f"the body must be a form, with the header Content-Type: {_FORM}")
    try:
        return parse_qs(call.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as problem:
        raise Refused(400, f"the form cannot be read ({problem})") from None


def back_to(call: Call, path: str, otherwise: str) -> Response:
    """Leads to a page of this app, whose path stood in the form; to another one if that is none."""
    chosen = path if _OWN_PATH.fullmatch(path) else otherwise
    return Response(status_code=303, headers={"Location": call.address(chosen)})
