"""The form for new jobs: its fields, of which those for options come from the table of options, and how they are read.

It changes nothing. Each fault is kept under the name of its field, to be shown beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kue.common import strict_json
from kue.errors import InvalidOption
from kue.options.job import JOB_OPTIONS, PRIORITIES, JobOption, read_option
from kue.options.schemas import FLAG, Schema
from kue.options.values import read_type
from kue.web.job_code import quoted_json
from kue.web.json_body import json_value
from kue.web.read_model.job_page import JobPage
from kue.web.refused import Refused

MAX_JOBS = 100
TYPE, DATA, COUNT = "type", "data", "count"
_CHECKED = "yes"
_INDENT = "  "
_HINTS = {
    "priority": f"A whole number or {', '.join(PRIORITIES)}. The lowest number runs first.",
    "attempts": "How often the job may run, the first run included.",
    "backoff": 'How long to wait before the next attempt, such as {"type": "exponential", "delay": 500}, or true.',
    "delay": "Milliseconds from now.",
    "ttl": "How long a run may take, in milliseconds.",
    "remove_on_complete": "Remove the job when it completes.",
    "remove_on_fail": "Remove the job when it has failed for good.",
    "search_keys": "The keys of the data that search finds, such as title. Empty for all of them.",
    "unique": "A key that no other job that waits or runs may have.",
    "ghost_on_ttl": "Give the job back, as if its worker were lost, when a run takes longer than its ttl.",
    "ghost_retries": "How often the job goes back if its worker is lost.",
    "ghost_delay": "How long it then waits, in milliseconds.",
}
_FIRST = ("priority", "attempts", "delay", "backoff", "ttl")
"""The others are folded at first."""


@dataclass(frozen=True)
class OptionField:
    """A field for an option of a job."""

    name: str
    hint: str
    is_flag: bool
    is_rare: bool
    suggested: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        words = self.name.replace("_", " ")
        return "TTL" if words == "ttl" else words.capitalize()


def _fields() -> tuple[OptionField, ...]:
    """A field for each option that a job keeps. The others are for the object that saves it."""
    kept = [one for one in JOB_OPTIONS.values() if one.field or one.name == "search_keys"]
    rows = [
        OptionField(
            one.name,
            _HINTS[one.name],
            one.schema is FLAG,
            one.name not in _FIRST,
            tuple(PRIORITIES) if one.name == "priority" else (),
        )
        for one in kept
    ]
    return tuple(sorted(rows, key=lambda row: (row.is_rare, row.is_flag)))


OPTION_FIELDS = _fields()


@dataclass
class JobForm:
    """What was entered, and what is wrong with it, by the names of the fields; "" is the form as a whole."""

    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def read(self) -> tuple[str, Any, dict[str, Any], int]:
        """Type, data, options, and how many jobs. What is wrong is noted in `errors`: then nothing may be used."""
        type = self._checked(TYPE, read_type) or ""
        data = self._checked(DATA, lambda text: json_value(text.encode(), "it") if text.strip() else None)
        count = self._checked(COUNT, _read_count) or 1
        options = {}
        for row in OPTION_FIELDS:
            if self.texts.get(row.name, "").strip():
                options[row.name] = self._checked(row.name, lambda text, row=row: _read_option(row, text))
        return type, data, options, count

    def _checked(self, name: str, read: Any) -> Any:
        try:
            return read(self.texts.get(name, ""))
        except (InvalidOption, Refused) as problem:
            text = problem.message if isinstance(problem, Refused) else str(problem)
            self.errors[name] = f"{text[:1].upper()}{text[1:]}."
            return None


def form_of(job: JobPage, options: Mapping[str, Any]) -> JobForm:
    """The form with what a job has."""
    data = (job.fields or {}).get(DATA)
    texts = {TYPE: job.view["type"] or ""}
    if data is not None and data.tree is not None:
        texts[DATA] = data.tree.written(_INDENT, {}, quoted_json)
    for row in OPTION_FIELDS:
        value = options.get(row.name)
        if value:
            texts[row.name] = _CHECKED if row.is_flag else value if isinstance(value, str) else strict_json.dumps(value)
    form = JobForm(texts)
    if data is not None and data.tree is None:
        form.errors[DATA] = "The data of that job is too large to be copied, or it is not JSON."
    elif data is not None and data.tree is not None and data.tree.hides:
        form.errors[DATA] = 'Some values are hidden, since they look like secrets. Write them in the place of "hidden".'
    return form


def _read_count(text: str) -> int:
    if not text.strip():
        return 1
    if not text.strip().isdecimal() or not 1 <= int(text[:9]) <= MAX_JOBS:
        raise Refused(422, f"it must be a whole number from 1 to {MAX_JOBS}")
    return int(text)


def _read_option(row: OptionField, text: str) -> Any:
    """The value of an option, which is JSON or text. Raises `InvalidOption`."""
    option = JOB_OPTIONS[row.name]
    return read_option(row.name, True if row.is_flag else _value(option, text.strip()))


def _value(option: JobOption, text: str) -> Any:
    try:
        value = strict_json.loads(text)
    except ValueError:
        return text
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return text if is_number and not _takes_numbers(option.schema) else value


def _takes_numbers(schema: Schema) -> bool:
    kinds = [schema, *schema.get("anyOf", ())]
    return any(one.get("type") in ("integer", "number") for one in kinds)
