"""Kue's route for full-text search: the ids of the jobs that have all words of a query, the best first."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from starlette.responses import Response

from kue.search.javascript import UNDEFINED
from kue.store.search import SearchIndex
from kue.web.answers import as_json
from kue.web.call import Call
from kue.web.kue_api.reading import TRUNCATED
from kue.web.read_model.job_search import read_query
from kue.web.refused import Refused

_MAX_PARAMETERS = 1000  # Express leaves out the others
_NAME = re.compile(r"(?:q|\[q\])(?:\[(?:0|[1-9][0-9]{0,2})?\]){0,5}")  # as Express reads it: q, or a list
_OBJECT = re.compile(r"(?:q|\[q\])\[")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


def search(call: Call) -> Response:
    """The ids, as texts. Without a parameter `q` it looks for the word `undefined`, as Node does."""
    codes = read_query(query_text(call.request.scope["query_string"]))
    limit = call.site.settings.limits.jobs_per_answer
    found = SearchIndex(call.site.store).find(codes, any=False, first=0, most=limit)
    headers = {TRUNCATED: "true"} if found.total > len(found.members) else None
    return as_json(found.members, headers=headers)


def query_text(query_string: bytes) -> str:
    """What Node would look for: the parameters `q` and `q[]` together, since it makes a text of their list.

    Raises `Refused` for a name such as `q[a]`: Node makes an object of that, and looks for the word `object`, or fails.
    """
    texts = []
    written = re.sub("%5b", "[", re.sub("%5d", "]", query_string.decode("latin-1"), flags=re.I), flags=re.I)
    for parameter in written.split("&")[:_MAX_PARAMETERS]:
        # As in Express, a `=` inside of brackets does not end the name.
        at = parameter.find("]=") + 1 or parameter.find("=")
        name = _decoded(parameter if at < 0 else parameter[:at])
        if _NAME.fullmatch(name):
            texts.append("" if at < 0 else _decoded(parameter[at + 1 :]))
        elif _OBJECT.match(name):
            raise Refused(400, f"q must be text, not an object: {name[:40]}")
    return ",".join(texts) if texts else UNDEFINED


def _decoded(text: str) -> str:
    """A part of the address without its escapes; with all of them if one cannot be decoded, as in Express."""
    text = text.replace("+", " ")
    try:
        return text if _BAD_ESCAPE.search(text) else unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text
