"""Reads the topics that a client names: what it wants to follow.

counts   types   attention   job:7   jobs:7.8.9   rows:failed   rows:inactive:email:next
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from kue.errors import InvalidOption
from kue.options.values import read_choice, read_state, read_type
from kue.web.read_model.job_list import NEWEST, ORDERS
from kue.web.refused import Refused

MAX_TOPICS = 32
MAX_IDS = 300
"""So many jobs the topics `job` and `jobs` of one client have together."""
COUNTS, TYPES, ATTENTION, JOB, JOBS, ROWS = "counts", "types", "attention", "job", "jobs", "rows"
_FORMS = "counts, types, attention, job:<id>, jobs:<id>.<id>, rows:<state>:<type>:<order>"
_ID = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
_MAX_SHOWN = 60


@dataclass(frozen=True)
class Topic:
    """One topic. `state`, `type` and `order` are those of a list of jobs; "" is every state, or every type."""

    kind: str
    ids: tuple[int, ...] = ()
    state: str = ""
    type: str = ""
    order: str = ""


def read_topics(text: str) -> dict[str, Topic]:
    """The topics in a text, with commas between them, each under its own text.

    A type in it is escaped as in addresses (%3A for a colon), since it may hold anything. Raises `Refused` (422).
    """
    names = list(dict.fromkeys(filter(None, text.split(","))))
    if not names:
        raise Refused(422, f"the parameter topics must name what to follow: {_FORMS}")
    if len(names) > MAX_TOPICS:
        raise Refused(422, f"there are more than {MAX_TOPICS} topics")
    topics = {name: _read(name) for name in names}
    if sum(len(topic.ids) for topic in topics.values()) > MAX_IDS:
        raise Refused(422, f"the topics have more than {MAX_IDS} jobs")
    return topics


def _read(name: str) -> Topic:
    kind, *parts = name.split(":")
    if kind in (COUNTS, TYPES, ATTENTION) and not parts:
        return Topic(kind)
    if kind == JOB and len(parts) == 1 and _ID.fullmatch(parts[0]):
        return Topic(kind, (int(parts[0]),))
    if kind == JOBS and len(parts) == 1:
        texts = parts[0].split(".")
        if all(map(_ID.fullmatch, texts)):
            return Topic(kind, tuple(dict.fromkeys(map(int, texts))))
    if kind == ROWS and 1 <= len(parts) <= 3:
        return _rows(name, *map(unquote, parts))
    raise _unknown(name)


def _rows(name: str, state: str, type: str = "", order: str = "") -> Topic:
    if type and not state:
        raise Refused(422, f"the topic {name[:_MAX_SHOWN]!r} cannot be followed: a type goes with a state")
    try:
        return Topic(
            ROWS,
            state=read_state(state) if state else "",
            type=read_type(type) if type else "",
            order=read_choice("order", order or NEWEST, ORDERS),
        )
    except InvalidOption as problem:
        raise Refused(422, f"the topic {name[:_MAX_SHOWN]!r} cannot be followed: {problem}") from None


def _unknown(name: str) -> Refused:
    return Refused(422, f"there is no topic {name[:_MAX_SHOWN]!r}; there are {_FORMS}")
