"""Random jobs and limits: after a walk exactly those are left that a few lines of Python say."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kue.common.error_reporter import ErrorReporter
from kue.maintenance.purge import purge
from kue.options.purging import Limits
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.world import NODE, NOW, PYTHON, World, job, world

ErrorList = list[BaseException]
Ended = tuple[str, str, int, int, int, int]  # type, state, priority, created before now, ran for, changed after its end
TYPES, STATES = ("email", "pdf"), ("complete", "failed")
SPAN = 8000  # ms in which all of it happens
NODE_WRITES_MS = {"complete": 1000, "failed": 5000}  # after the end of a job

JOBS = st.lists(
    st.tuples(
        st.sampled_from(TYPES),
        st.sampled_from((*STATES, "inactive", "active")),
        st.sampled_from((-10, 0, 0, 0, 10)),
        st.integers(0, SPAN),
        st.integers(0, SPAN),
        st.sampled_from((0, 0, 0, 5, SPAN)),
    ),
    max_size=120,
)
LIMITS = st.builds(Limits, st.none() | st.integers(0, SPAN), st.none() | st.integers(0, 40))


def seeded(id: int, one: Ended) -> World:
    """A job of a Node worker or of Python. Most were not changed after their end."""
    type, state, priority, before, ran, changed = one
    created = NOW - before
    ended = min(NOW, created + ran)
    fields: dict[str, Any] = {"created_at": created, "updated_at": min(NOW, ended + changed), "started_at": created}
    fields |= {"workerId": NODE if is_of_node(id) else PYTHON}
    if state == "failed":
        fields["failed_at"] = ended
    elif state == "complete":
        fields["duration"] = ended - created
    return job(id, state, type, priority=priority, **fields)


def is_of_node(id: int) -> bool:
    return id % 2 == 1


def ended(one: Ended) -> int:
    """When, in ms from now on."""
    return min(0, one[4] - one[3])


def changed(one: Ended) -> int:
    return min(0, ended(one) + one[5])


def expected(jobs: dict[int, Ended], limits: dict[tuple[str, str], Limits]) -> set[int]:
    """A job that a Node worker has just ended stays. By number, its last change counts as its end."""
    left = {*jobs}
    for (type, state), (age, keep) in limits.items():
        writes = NODE_WRITES_MS[state]
        here = [id for id in sorted(jobs) if jobs[id][:2] == (type, state)]
        if keep is not None:
            oldest = here[: max(0, len(here) - keep)]
            left -= {id for id in oldest if not (is_of_node(id) and changed(jobs[id]) > -writes)}
        if age is not None:
            left -= {id for id in here if ended(jobs[id]) <= -max(age, is_of_node(id) * writes)}
    return left


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jobs=JOBS, limits=st.fixed_dictionaries({(type, state): LIMITS for type in TYPES for state in STATES}))
def test_exactly_those_go_that_the_limits_name(
    place: Place, jobs: list[Ended], limits: dict[tuple[str, str], Limits]
) -> None:
    place.client.flushall()
    by_age = sorted(jobs, key=lambda one: -one[3])  # ids are given out in the order of creation
    known = dict(enumerate(by_age, 1))
    worlds = {id: seeded(id, one) for id, one in known.items()}
    place.seed(world(*worlds.values()))
    reported: ErrorList = []
    places = [(*where, limit) for where, limit in limits.items()]

    removed = sum(purge(place.store, ErrorReporter(reported.append), places, NOW))

    left = expected(known, limits)
    types = {"q:job:types": {one[0] for one in jobs}} if jobs else {}
    assert place.world() == world(types, *(worlds[id] for id in sorted(left)))
    assert removed == len(known) - len(left)
    assert reported == []
