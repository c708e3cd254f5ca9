"""How long jobs that have ended are kept: the options `purge` and `keep`, of a queue and of a type in `job_flags`.

- checks them
- says what holds for a type: what the type says of a state comes before what the queue says of it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

from kue.common.clock import milliseconds
from kue.common.describe import short_repr
from kue.common.names import plain_text
from kue.errors import InvalidOption
from kue.options.typed import EndState
from kue.options.values import read_choice, read_mapping, read_whole

END_STATES: tuple[EndState, ...] = get_args(EndState)


class Limits(NamedTuple):
    """Which jobs in a state are kept: those that ended within `age` ms, and the newest `keep`. None: no limit."""

    age: int | None = None
    keep: int | None = None


def read_end_state(value: object) -> str:
    """Check a state in which jobs can be purged."""
    return read_choice("state", value, END_STATES)


def read_keep_count(name: str, value: Any) -> int:
    """Check how many jobs are kept."""
    return read_whole(name, value, least=0)


def read_purge(name: str, value: Any) -> dict[str, int | None]:
    """Check the option `purge`: for a state the age in ms, or None."""
    return _by_state(name, value, milliseconds)


def read_keep(name: str, value: Any) -> dict[str, int | None]:
    """Check the option `keep`: for a state the number of jobs, or None."""
    return _by_state(name, value, read_keep_count)


OPTIONS_OF_TYPES: Mapping[str, Callable[[str, Any], dict[str, int | None]]] = {"purge": read_purge, "keep": read_keep}
"""What `job_flags` has for a type beside the options of its jobs."""


def limits_of(purge: Mapping[str, int | None], keep: Mapping[str, int | None]) -> dict[str, Limits]:
    """The limits by state, for the states that have any."""
    limits = {state: Limits(purge.get(state), keep.get(state)) for state in END_STATES}
    return {state: one for state, one in limits.items() if one != Limits()}


def _by_state(name: str, value: Any, read: Callable[[str, Any], int]) -> dict[str, int | None]:
    checked = {}
    for state, one in read_mapping(name, value).items():
        if state not in END_STATES:
            raise InvalidOption(
                f"{name} takes the states {' and '.join(END_STATES)}, since only jobs that have ended are purged, "
                f"not {short_repr(state)}"
            )
        checked[plain_text(state)] = None if one is None else read(f"{name}[{short_repr(state)}]", one)
    return checked
