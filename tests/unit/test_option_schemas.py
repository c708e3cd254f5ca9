"""The JSON Schema of each job option takes what the check of the option takes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kue.common.clock import MAX_EXACT_INTEGER
from kue.options.job import BACKOFF_TYPES, JOB_OPTIONS, PRIORITIES, read_option
from kue.options.unique import UNTIL
from tests.unit.test_typed_options import SAMPLES, accepts

EDGES = [0, -0.0, 1, -1, 0.5, 1.0, 1.5, 5000.0, 1e300]
EDGES += [sign * (MAX_EXACT_INTEGER + more) for sign in (1, -1) for more in (-1, 0, 1, 2)]
WORDS = [*PRIORITIES, *BACKOFF_TYPES, *UNTIL, "full", "", "text"]
LEAVES = st.one_of(st.none(), st.booleans(), st.sampled_from(EDGES), st.sampled_from(WORDS))
KEYS = ("type", "delay", "max_delay", "maxDelay", "jitter", "key", "until", "within", "replace", "text")
DICTS = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), LEAVES, max_size=3),
    st.fixed_dictionaries(
        {"type": st.sampled_from(BACKOFF_TYPES)},
        optional={key: LEAVES for key in ("delay", "max_delay", "maxDelay", "jitter")},
    ),
    st.fixed_dictionaries({"key": LEAVES}, optional={key: LEAVES for key in ("until", "within", "replace")}),
)
VALUES = st.one_of(LEAVES, DICTS, st.lists(LEAVES, max_size=2))


def is_json(value: Any) -> bool:
    """Whether a value is what JSON can bring; a key that is a number becomes a text on the way."""
    try:
        return bool(json.loads(json.dumps(value)) == value) and not isinstance(value, tuple)
    except (TypeError, ValueError):
        return False


def disagreement(name: str, value: Any) -> str:
    """What is wrong if the schema and the check of an option disagree about a value."""
    valid = Draft202012Validator(JOB_OPTIONS[name].schema).is_valid(value)
    if value is None or valid == accepts(lambda: read_option(name, value)):  # None stands for the default
        return ""
    return f"{value!r} {'only fits the schema' if valid else 'is only read'}"


@pytest.mark.parametrize("name", JOB_OPTIONS)
def test_an_option_is_read_from_what_fits_its_schema(name: str) -> None:
    Draft202012Validator.check_schema(JOB_OPTIONS[name].schema)
    samples = [value for value in [*SAMPLES, *EDGES, *WORDS] if is_json(value)]
    assert [found for value in samples if (found := disagreement(name, value))] == []


@settings(max_examples=300, derandomize=True, deadline=None)
@given(VALUES)
def test_no_value_fits_a_schema_without_being_read(value: Any) -> None:
    assert {name: found for name in JOB_OPTIONS if (found := disagreement(name, value))} == {}
