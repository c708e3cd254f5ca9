"""Names: their plain text, and what to write instead of one that does not exist.

- gives the text of a name, whatever its class
- knows what Kue's names are here, and which known name is nearest to a wrong one
- has the attributes of Kue that do not exist here raise an `AttributeError` that gives ours
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from inspect import getattr_static
from typing import NoReturn, TypeVar

_C = TypeVar("_C", bound=type)

_LEAST_LIKENESS = 0.75  # as difflib counts it, from 0 to 1
_NEEDED_BY_NONE = "not needed here: processes that work do it by themselves"
_END_OF_RUN = "not needed here: the end of a run does it"
_IN_KUE_SEND = "a part of kue_send: import kue_send as kue"
_WITH_CAPITALS = "toJSON"
# Kue's other names are ours in snake_case.
_KUE_NAMES = {
    "version": "kue.__version__ here",
    "redis": "queue.client here",
    "workers": "queue.workers here",
    "app": "kue.web.app(queue, auth=...) here",
    "priorities": "kue.PRIORITIES here",
    "disableSearch": "the queue option disable_search here",
    "jobEvents": "the queue option job_events here",
    "createClientFactory": "redis= with a redis-py client here",
    "removeBadJob": "not needed here: broken jobs that are met are dropped",
    "shuttingDown": "is_shut_down here",
    "processQueue": "processing here",
    "promote": _NEEDED_BY_NONE,
    "setupTimers": _NEEDED_BY_NONE,
    "checkJobPromotion": _NEEDED_BY_NONE,
    "checkActiveJobTtl": _NEEDED_BY_NONE,
    "attempt": _END_OF_RUN,
    "reattempt": _END_OF_RUN,
    "failedAttempt": _END_OF_RUN,
    "refreshTtl": "not needed here: progress() and update() do it",
    "subscribe": "not needed here: a job with listeners does it by itself",
    "send": _IN_KUE_SEND,
    "promise": _IN_KUE_SEND,
    "Promise": _IN_KUE_SEND,
}


def plain_text(name: str) -> str:
    """The text of a string, whatever its class. `str()` of an Enum that is a string gives the name of its member."""
    return name if type(name) is str else str.__str__(name)


def kue_hint(name: str, known: Iterable[str]) -> str:
    """What a name of Kue is here, in words; "" if it is none. `known` are the names that there are."""
    ours = re.sub("(?<=[a-z])[A-Z]+", lambda capitals: f"_{capitals[0].lower()}", name)
    if ours != name and ours in known:
        return f"Kue's {name} is {ours} here"
    return f"{name} is {_KUE_NAMES[name]}" if name in _KUE_NAMES else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like a wrong one; "" if none is."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, 1, _LEAST_LIKENESS)), "")


def hint(name: object, known: Iterable[str]) -> str:
    """What to write instead of a wrong name, in brackets, for an error message; "" if nothing is known."""
    names = list(known)
    if not isinstance(name, str):
        return ""
    found = kue_hint(name, names) or (f"did you mean {near}?" if (near := nearest(name, names)) else "")
    return f" ({found})" if found else ""


def no_attribute(owner: str, name: str, known: Iterable[str]) -> NoReturn:
    """Raise the `AttributeError` for a name that `owner` does not have."""
    found = kue_hint(name, known)
    raise AttributeError(f"{owner} has no attribute {name!r}{found and f'; {found}'}")


class _KueName:
    """An attribute that only Kue has, as a descriptor that raises.

    Python looks up all attributes of a class with `__getattr__` more slowly, so the classes of jobs must have none.
    """

    def __init__(self, name: str, hint: str) -> None:
        self._name = name
        self._hint = hint

    def __get__(self, instance: object, owner: type) -> NoReturn:
        what = f"type object {owner.__name__!r}" if instance is None else f"{type(instance).__name__!r} object"
        raise AttributeError(f"{what} has no attribute {self._name!r}; {self._hint}")


def with_kue_names(cls: _C) -> _C:
    """Class decorator: an attribute that only Kue has raises an error that gives ours."""
    known = set(dir(cls))
    for name in {*map(_camel_case, known), _WITH_CAPITALS, *_KUE_NAMES} - known:
        if found := kue_hint(name, known):
            setattr(cls, name, _KueName(name, found))
    cls.__dir__ = _without_kue_names  # type: ignore[assignment]
    return cls


def _without_kue_names(instance: object) -> list[str]:
    return [name for name in object.__dir__(instance) if not isinstance(getattr_static(instance, name), _KueName)]


def _camel_case(name: str) -> str:
    return name if name.startswith("_") else re.sub("_([a-z])", lambda letter: letter[1].upper(), name)
