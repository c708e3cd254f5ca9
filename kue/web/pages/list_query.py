"""Reads which list a page is asked for, and writes the addresses of the same list with other parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from kue.errors import InvalidOption
from kue.options.values import STATES
from kue.web.api_v1.filters import read_filter
from kue.web.call import Call
from kue.web.read_model.job_list import Wanted
from kue.web.read_model.listing import ORDERS_OF, Asked
from kue.web.read_model.search_query import Query, read_search
from kue.web.refused import Refused

DUE_WITHIN = {"60000": "1 minute", "3600000": "1 hour", "86400000": "1 day"}
_FILTERS = ("type", "message", "alike", "worker")
_KEPT = ("state", "q", *_FILTERS, "due", "order")
_WHOLE = re.compile("[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True)
class ListQuery:
    """A list of jobs, as its address says. `search` is what is looked for; None without it.

    `given` are the parameters that say which jobs are wanted and in which order, as they were given.
    """

    path: str
    state: str
    given: Mapping[str, str]
    asked: Asked
    search: Query | None = None
    looks_in_index: bool = False
    now: int = field(default=0, compare=False)

    def href(self, **changes: object) -> str:
        """The address of this list, below the prefix of the app, with some parameters changed. "" takes one away."""
        values = {**self.given, **{name: str(value) for name, value in changes.items()}}
        written = urlencode([(name, value) for name, value in values.items() if value])
        return f"{self.path}?{written}" if written else self.path

    @property
    def text(self) -> str:
        """What was typed into the search box; "" on other lists."""
        return self.given.get("q", "")

    @property
    def type(self) -> str:
        """The type that the list is of; "" for all."""
        return self.given.get("type", "")

    @property
    def is_filtered(self) -> bool:
        """Whether the list leaves jobs of its state out."""
        return self.search is not None or any(self.given.get(name) for name in (*_FILTERS, "due"))

    @property
    def bulk_filter(self) -> dict[str, str] | None:
        """The same jobs as a filter of `/api/v1/bulk`; None if that cannot say which they are."""
        if not self.state or self.search is not None or "due" in self.given:
            return None
        return {"state": self.state, **{name: self.given[name] for name in _FILTERS if name in self.given}}


def read_list(call: Call, path_state: str | None) -> ListQuery:
    """The list of an address. `path_state` is the state that its path names; None on the page of all jobs.

    Raises `Refused`, and `InvalidOption` for a value that is none of its kind.
    """
    given = {name: value for name in _KEPT if (value := call.query.get(name, ""))}  # a type may begin with a space
    if not given.get("q", "").strip():
        given.pop("q", None)
    if path_state is not None:
        for name in ("state", "q"):
            given.pop(name, None)
    state = path_state or given.get("state", "")
    if state and state not in STATES:
        raise InvalidOption(f"state must be one of {', '.join(STATES)}, not {state[:40]!r}")
    now = call.site.store.now()
    filters = {name: given[name] for name in _FILTERS if name in given}
    wanted = read_filter(filters | ({"state": state} if state else {}), call.access, lambda name: None)
    if "due" in given:
        wanted = replace(wanted, due=(None, now + _whole("due", given["due"])))
    search, words = None, ""
    if "q" in given:
        search = read_search(given["q"])
        wanted, words = _searched(call, search, wanted)
    order = given.get("order", "")
    if order not in ORDERS_OF[state]:
        given.pop("order", None)
        order = ORDERS_OF[state][0]
    asked = Asked(
        wanted,
        order,
        words=words,
        position=_whole("from", call.query.get("from") or "0"),
        cursor=call.query.get("cursor") or None,
        below=_whole("below", call.query["below"]) if call.query.get("below") else None,
    )
    path = "/jobs" if path_state is None else f"/{path_state}"
    return ListQuery(path, state, given, asked, search, bool(words), now)


def _searched(call: Call, search: Query, wanted: Wanted) -> tuple[Wanted, str]:
    """The jobs that a search wants, and the words that are looked for in the index."""
    if not call.access.may("data"):
        raise Refused(403, "looking for jobs needs the permission data")
    words = " ".join(search.words)
    has_index = not call.site.queue.runtime.options.disable_search
    texts = search.texts if has_index else (*search.words, *search.texts)
    changes: dict[str, Any] = {"texts": texts, "fields": search.fields}
    for name, value in (("message", search.error), ("type", search.type), ("worker", search.worker)):
        if value:
            changes[name] = value
    return replace(wanted, **changes), words if has_index else ""


def _whole(name: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise InvalidOption(f"{name} must be a whole number, not {text[:40]!r}")
    return int(text)
