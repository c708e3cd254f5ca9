"""What the lists show of a job in each state, the orders by name, and what can be done with the jobs there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from kue.options.job import PRIORITIES
from kue.web.read_model.job_list import NEWEST, NEXT, OLDEST
from kue.web.read_model.list_rows import Row
from kue.web.read_model.listing import DUE, STARTED
from kue.web.security.access import Access

ORDER_WORDS = {
    NEXT: "Next to run",
    NEWEST: "Newest first",
    OLDEST: "Oldest first",
    DUE: "Due first",
    STARTED: "Longest running first",
}
_WORKER = re.compile(r"kue:(?P<host>[^:]+):(?P<pid>[0-9]+)[:-]")
_PRIORITY_WORDS = {number: word for word, number in PRIORITIES.items()}


class Column(NamedTuple):
    """A column of the table. `kind` is the class of its cells."""

    key: str
    heading: str
    kind: str = ""


class Action(NamedTuple):
    """Something that can be done with jobs. `name` is that of the API, `icon` that of the drawing."""

    name: str
    verb: str
    icon: str
    permission: str


COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "": (Column("state", "State"), Column("updated", "Last change", "time")),
    "inactive": (Column("priority", "Priority"), Column("waits", "Waits", "number")),
    "active": (Column("progress", "Progress"), Column("worker", "Worker", "mono"), Column("since", "Runs", "number")),
    "delayed": (Column("due", "Due in", "number"), Column("why", "Why", "wide")),
    "failed": (
        Column("error", "Error", "mono wide"),
        Column("tries", "Tries", "number"),
        Column("failed_at", "Failed at", "time"),
    ),
    "complete": (
        Column("result", "Result", "mono wide"),
        Column("ran", "Ran", "number"),
        Column("finished", "Finished", "time"),
    ),
}
_RETRY = Action("retry", "Retry", "retry", "retry")
_AGAIN = Action("retry", "Run again", "retry", "retry")
_NOW = Action("promote", "Run now", "play", "retry")
_CANCEL = Action("cancel", "Cancel", "cancel", "cancel")
_REMOVE = Action("remove", "Remove", "remove", "remove")
_ACTIONS: Mapping[str, tuple[Action, ...]] = {
    "": (_RETRY, _CANCEL, _REMOVE),
    "inactive": (_CANCEL, _REMOVE),
    "active": (_CANCEL, _REMOVE),
    "delayed": (_NOW, _CANCEL, _REMOVE),
    "failed": (_RETRY, _REMOVE),
    "complete": (_AGAIN, _REMOVE),
}
"""What can be done with the jobs in each state. The first is the quick action of a row."""


def actions(state: str, access: Access) -> list[Action]:
    """What a user may do with the jobs in a state."""
    return [action for action in _ACTIONS[state] if access.may(action.permission)]


def quick_action(row: Row, access: Access) -> Action | None:
    """What is offered in the row of a job. A job that cannot be read may have no state, or one that does not exist."""
    found = _ACTIONS.get(row["state"] or "-", ()) if row["type"] else ()
    return next((action for action in found[:1] if access.may(action.permission)), None)


def waits_since(row: Row) -> int | None:
    """Since when a queued job waits: it came, was due, or failed before."""
    moments = [row[name] for name in ("created_at", "promote_at", "failed_at")]
    return max((int(moment) for moment in moments if isinstance(moment, int | float)), default=None)


def priority_words(value: Any) -> str:
    """A priority as Kue's word, if it has one, and its number."""
    if not isinstance(value, int | float):
        return "—"
    word = _PRIORITY_WORDS.get(int(value)) if value == int(value) else None
    return f"{word} ({value})" if word else str(value)


def worker_words(worker: str | None) -> str:
    """Where a worker runs, as the host and the number of its process; its whole id if that has another form."""
    found = _WORKER.match(worker or "")
    return f"{found['host']} · {found['pid']}" if found else worker or "—"


def size_words(size: int) -> str:
    """A number of bytes: 312 B, 1.4 KB, 2.0 MB."""
    if size < 1000:
        return f"{size} B"
    for divisor, unit in ((10**3, "KB"), (10**6, "MB")):
        if size < 1000 * divisor:
            return f"{size / divisor:.1f} {unit}"
    return f"{size / 10**9:.1f} GB"
