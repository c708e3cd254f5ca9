"""What the page of a job says of it in words: its details, the outcomes of its runs, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kue.options.job import PRIORITIES
from kue.web.words import duration, exact_count, percent, plural

OUTCOMES = {
    "complete": "Complete",
    "failed": "Failed",
    "ttl": "Past its ttl",
    "cancelled": "Cancelled",
    "ghost": "Worker lost",
    "shutdown": "Given back",
    "snoozed": "Snoozed",
    "running": "Running",
}
_MAX_TEXT = 300
_PRIORITY_NAMES = {number: name for name, number in PRIORITIES.items()}


@dataclass(frozen=True)
class Action:
    """Something that can be done with a job: a form without script. `name` ends its address.

    `question` is what a script asks before; "" if it does not.
    """

    name: str
    verb: str
    icon: str
    permission: str
    question: str = ""
    is_danger: bool = False
    is_primary: bool = False


@dataclass(frozen=True)
class Detail:
    """A row of the details: a text, or a moment, with a remark behind it."""

    name: str
    text: str = ""
    at: int | float | None = None
    remark: str = ""
    until: int | float | None = None  # a moment behind the remark
    is_code: bool = False


_RUN_FIRST = Action("first", "Run now", "play", "retry")
_PROMOTE = Action("promote", "Run now", "play", "retry")
_RETRY = Action("retry", "Retry", "retry", "retry", is_primary=True)
_AGAIN = Action("retry", "Run again", "retry", "retry")
_CANCEL = Action(
    "cancel",
    "Cancel",
    "cancel",
    "cancel",
    "Its handler is told to end. The job fails when the handler ends, unless the handler returns a result.",
)
_REMOVE = Action("remove", "Remove", "remove", "remove", "Its data, log and history are removed too.", is_danger=True)
_REMOVE_ACTIVE = Action(
    "remove",
    "Remove",
    "remove",
    "remove",
    "Its handler is not stopped: it runs on, and its result is dropped. Cancel the job to have its handler told.",
    is_danger=True,
)
_BY_STATE: Mapping[str, Sequence[Action]] = {
    "inactive": (_RUN_FIRST, _REMOVE),
    "active": (_CANCEL, _REMOVE_ACTIVE),
    "delayed": (_PROMOTE, _REMOVE),
    "failed": (_RETRY, _REMOVE),
    "complete": (_AGAIN, _REMOVE),
}


def actions_of(view: Mapping[str, Any]) -> Sequence[Action]:
    """What can be done with a job in its state. One without a type or a state can only be removed."""
    return _BY_STATE.get(view["state"] or "", (_REMOVE,)) if view["type"] else (_REMOVE,)


def host_of(worker: object) -> str:
    """The host of a worker, for the line below the title; "" if it has another form."""
    parts = worker.split(":") if isinstance(worker, str) else []
    return parts[1] if len(parts) > 2 and parts[0] == "kue" else ""


def details(view: Mapping[str, Any], lost_runs: int) -> Iterator[Detail]:
    """The rows of the details of a job. What it does not have is left out."""
    yield from _how_it_runs(view, lost_runs)
    yield from _when(view)
    for name, key in (("Worker", "worker"), ("Unique key", "unique"), ("Schedule", "schedule")):
        if view[key]:
            yield Detail(name, _cut(view[key]), is_code=True)
    if view["planned_at"]:
        yield Detail("Planned for", at=view["planned_at"])
    removed = [word for key, word in (("complete", "it completes"), ("fail", "it fails")) if view[f"remove_on_{key}"]]
    if removed:
        yield Detail("Removed", f"when {' or '.join(removed)}")


def _cut(text: str) -> str:
    """A text that is not shown whole if it is very long. The raw hash has more of it."""
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}\u2026"


def _how_it_runs(view: Mapping[str, Any], lost_runs: int) -> Iterator[Detail]:
    if view["priority"] is not None:
        yield Detail("Priority", _PRIORITY_NAMES.get(view["priority"], ""), remark=exact_count(view["priority"]))
    if attempts := view["attempts"]:
        used = f"{exact_count(attempts['made'])} of {exact_count(attempts['max'])} used"
        yield Detail("Attempts", used, remark=plural(lost_runs, "worker lost", "workers lost") if lost_runs else "")
    if view["backoff"]:
        yield Detail("Backoff", backoff_words(view["backoff"]))
    if view["ttl"]:
        is_active = view["state"] == "active" and view["started_at"]
        yield Detail(
            "TTL", duration(view["ttl"]), until=view["started_at"] + view["ttl"] if is_active else None, remark="ends"
        )
    if view["delay"]:
        yield Detail("Delay", duration(view["delay"]))


def _when(view: Mapping[str, Any]) -> Iterator[Detail]:
    if view["state"] == "delayed":
        yield Detail("Due", at=view["promote_at"])
    for name, key in (("Created", "created_at"), ("Updated", "updated_at"), ("Finished", "finished_at")):
        if view[key]:
            yield Detail(name, at=view[key])
    if view["duration"] is not None and view["state"] == "complete":
        yield Detail("Ran", duration(view["duration"]))


def backoff_words(backoff: Any) -> str:
    """How long a job waits before its next attempt."""
    if backoff is True:
        return "its own delay"
    if isinstance(backoff, str):
        return "a JavaScript function, which only Node runs"
    if not isinstance(backoff, dict) or backoff.get("type") not in ("fixed", "exponential"):
        return f"of an unknown kind: {json.dumps(backoff, ensure_ascii=False)[:200]}"
    found = backoff["type"]
    if backoff.get("delay"):
        found += f", {'from ' if found == 'exponential' else ''}{duration(backoff['delay'])}"
    if backoff.get("maxDelay"):
        found += f", {duration(backoff['maxDelay'])} at most"
    jitter = backoff.get("jitter")
    if share := percent(100 * jitter if isinstance(jitter, int | float) else None):
        found += f", jitter {share} %"
    return f"{found}, full jitter" if jitter == "full" else found
