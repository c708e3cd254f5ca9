"""Checks the names of events that listeners are added for: a listener of a wrong name would never be called."""

from __future__ import annotations

import warnings

from kue.common.listenable import Listenable
from kue.common.names import nearest
from kue.errors import InvalidOption
from kue.store.messages import ARGUMENTS

EVENTS = (*ARGUMENTS, "result")  # the last is kue-send's
_STACK_LEVEL = 5  # the line that called `on` or `once`


class JobEvents(Listenable):
    """Warns of a name that is almost that of an event, but takes it: `job.send` may send any name."""

    def _check_event(self, event: str) -> None:
        bare = event.removeprefix("job ")
        _warn_if_near(event, bare if bare in EVENTS else nearest(event, EVENTS))


class QueueEvents(Listenable):
    """Refuses the name of a job's event without `job ` before it. `error` is also an event of the queue itself."""

    def _check_event(self, event: str) -> None:
        if event != "error" and event in ARGUMENTS:
            raise InvalidOption(f"on a queue the event {event!r} of its jobs is called 'job {event}'")
        if event == "result" or event.startswith("job "):
            near = nearest(event.removeprefix("job "), EVENTS)
            _warn_if_near(event, near and f"job {near}")


def _warn_if_near(event: str, near: str) -> None:
    if near and near != event:
        warnings.warn(f"kue sends no event {event!r}: did you mean {near!r}?", stacklevel=_STACK_LEVEL)
