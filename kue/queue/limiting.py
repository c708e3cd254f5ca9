"""What a queue does to hold jobs back: pauses types, and limits how many of their jobs run and start.

All of it is kept in Redis and holds for every Python process that works on the prefix.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Any, Final, NamedTuple, Self

from kue.common.clock import milliseconds
from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.options.typed import Duration
from kue.options.values import read_type, read_whole
from kue.runtime import Runtime
from kue.store.flow import EVERY_TYPE, Flow


class _NotGiven(Enum):
    NOT_GIVEN = 0


_NOT_GIVEN: Final = _NotGiven.NOT_GIVEN


class Limit(NamedTuple):
    """The limits of a type, as `queue.limit` returns them. None: there is none of this kind."""

    concurrency: int | None
    per: tuple[int, timedelta] | None


class Limiting:
    """A part of `Queue`. Each method may raise `InvalidOption`, `ConnectionFailed` or `RedisRefused`."""

    runtime: Runtime

    def pause(self, type: str | None = None, duration: Duration | None = None) -> Self:
        """Let no Python process start jobs of a type (None: of any type), for `duration` ms or until `resume`.

        Jobs that run are not affected. Those that wait keep their places. A process that works has seen it at its next
        take, which is at once. Node obeys no pause. Returns the queue.
        """
        self._flow.pause(_of(type), None if duration is None else milliseconds("duration", duration, least=1))
        return self

    def resume(self, type: str | None = None) -> Self:
        """End the pause of a type (None: the one of all types). Every process sees it within a second.

        The pause of all types and that of a single one are kept apart: each is ended by itself. Returns the queue.
        """
        self._flow.resume(_of(type))
        return self

    def paused(self, type: str | None = None) -> bool:
        """Whether jobs of a type are held back by a pause, its own or the one of all types (None: by the latter)."""
        types = [EVERY_TYPE] if type is None else [EVERY_TYPE, read_type(type)]
        return any(stored.paused for stored in self._flow.read(*types))

    def limit(
        self,
        type: str,
        *,
        concurrency: int | _NotGiven | None = _NOT_GIVEN,
        per: tuple[int, Duration] | _NotGiven | None = _NOT_GIVEN,
    ) -> Limit:
        """Limit the jobs of a type, in all Python processes together. Returns the limits that hold then.

        `concurrency` is how many may be active. `per=(100, timedelta(minutes=1))`: in no minute more than 100 start,
        retries among them. None takes a limit away, and what is not given stays as it is.

        Node obeys no limit, but its active jobs count for `concurrency`. Within the limit any process may have any
        share.
        """
        type = read_type(type)
        changes: dict[str, int | None] = {}
        if not isinstance(concurrency, _NotGiven):
            changes["concurrency"] = None if concurrency is None else read_whole("concurrency", concurrency, least=1)
        if not isinstance(per, _NotGiven):
            changes["n"], changes["ms"] = (None, None) if per is None else _rate(per)
        stored = self._flow.limit(type, **changes) if changes else self._flow.read(type)[0]
        rate = stored.rate
        return Limit(stored.concurrency, None if rate is None else (rate[0], timedelta(milliseconds=rate[1])))

    @property
    def _flow(self) -> Flow:
        return Flow(self.runtime.store)


def _of(type: str | None) -> str:
    return EVERY_TYPE if type is None else read_type(type)


def _rate(per: Any) -> tuple[int, int]:
    if not isinstance(per, (tuple, list)) or len(per) != 2:
        raise InvalidOption(
            f"per must be a number of jobs and a duration, such as (100, timedelta(minutes=1)), not {short_repr(per)}"
        )
    return read_whole("the number of jobs in per", per[0], least=1), milliseconds(
        "the duration in per", per[1], least=1
    )
