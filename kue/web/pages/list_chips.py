"""The menus above a list: which type, message, worker or time, and the order. Without a script they are a form."""

from __future__ import annotations

from dataclasses import dataclass

from kue.web.call import Call
from kue.web.pages.frame import STATE_WORDS
from kue.web.pages.list_columns import ORDER_WORDS
from kue.web.pages.list_query import DUE_WITHIN, ListQuery
from kue.web.read_model.listing import ORDERS_OF, Listed
from kue.web.visible import one_line

_MAX_TYPES = 200
_MAX_MESSAGES = 50
_MAX_CHARACTERS = 60


@dataclass(frozen=True)
class Chip:
    """A menu. `options` are values with their words, of which the first takes all; `chosen` is the value it has.

    `note` says why something is not offered.
    """

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str = ""
    note: str = ""


def chips(call: Call, query: ListQuery, listed: Listed) -> list[Chip]:
    """The menus of a list."""
    found = [_types(call, query)]
    if query.path == "/jobs":
        words = tuple((state, word.capitalize()) for state, word in STATE_WORDS.items())
        found.insert(0, _chip(query, "state", "State", (("", "any"), *words)))
    if query.state == "failed" and call.access.may("data"):
        found.append(_messages(call, query, None if query.type else listed.total))
    if query.state == "delayed":
        found.append(_chip(query, "due", "Due within", (("", "any time"), *DUE_WITHIN.items())))
    if query.state == "active":
        found.append(_workers(call, query))
    if not query.looks_in_index:
        found.append(_order(query, listed))
    return found


def _types(call: Call, query: ListQuery) -> Chip:
    names = call.site.pages.some_types(_MAX_TYPES)
    return _chip(query, "type", "Type", (("", "any"), *((name, _short(name)) for name in names)))


def _messages(call: Call, query: ListQuery, failed: int | None) -> Chip:
    groups = [group for group in call.site.facts.failures(failed) if group.key][:_MAX_MESSAGES]  # "" would take all
    words = tuple((group.key, _short(f"{group.count:,} × {group.message}")) for group in groups)
    name = "message" if "message" in query.given else "alike"
    return _chip(query, name, "Message", (("", "all"), *(words if name == "alike" else ())))


def _workers(call: Call, query: ListQuery) -> Chip:
    working = [one for one in call.site.facts.processes() or () if one.lost is None]
    words = tuple((one.id, _short(f"{one.host} · {one.pid}")) for one in working)
    return _chip(query, "worker", "Worker", (("", "any"), *words))


def _order(query: ListQuery, listed: Listed) -> Chip:
    options = tuple((order, ORDER_WORDS[order]) for order in ORDERS_OF[query.state])
    if listed.reason:
        options = ((listed.order, ORDER_WORDS[listed.order]),)
    return Chip("order", "Order", options, listed.order, listed.reason)


def _chip(query: ListQuery, name: str, label: str, options: tuple[tuple[str, str], ...]) -> Chip:
    """A menu, with what is chosen in it even if that is none of the options."""
    chosen = query.given.get(name, "")
    if chosen and all(value != chosen for value, _ in options):
        options = (*options, (chosen, _short(chosen)))
    return Chip(name, label, options, chosen)


def _short(text: str) -> str:
    """A text for a menu, in one line, and not longer than the page is wide."""
    shown = one_line(text)
    return shown if len(shown) <= _MAX_CHARACTERS else f"{shown[:_MAX_CHARACTERS]}…"
