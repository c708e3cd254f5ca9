"""What is saved on one side arrives unchanged on the other, and so does the result on its way back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.interop.node import NodeKue

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]


def nested(depth: int) -> Any:
    data: Any = "the bottom"
    for level in range(depth):
        data = [data] if level % 2 else {"deeper": data}
    return data


PAYLOADS: dict[str, Any] = {
    "empty object": {},
    "empty list": [],
    "empties inside": {"a": [], "b": {}, "c": [[], [{}]], "d": ""},
    "nulls": {"a": None, "b": [None, None]},
    "booleans": [True, False, {"yes": True}],
    "a bare string": "alone",
    "a bare number": 42,
    "true": True,
    "astral": {"key \U0001f600": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U00010348"},
    "lone surrogates": {"high": "a\ud800b", "low": "\udfff", "key \ud834": 1, "backwards": "\udc00\ud800"},
    "right to left": {"שלום": "مرحبا \u202eabc\u202c"},
    "separators and controls": "\u2028\u2029\u0000\u0001\u001f\u007f\u0085\ufeff\ufffe\r\n\t\b\f",
    "quotes": "' \" \\ \\\\ \\u0041 </script> %s %d {0} ${x}",
    "integers": [0, -1, 2**31, -(2**31), 2**32, 2**53, -(2**53)],
    "numbers": [1.5, -2.25, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 0.1],
    "odd keys": {"1": 0, "": 1, " ": 2, "a.b": 3, "$x": 4, "__proto__": {"x": 5}, "constructor": 6, "toString": 7},
    "keys out of order": {"z": 1, "a": {"y": 2, "b": 3}},
    "deep nesting": nested(400),
    "one megabyte": {"text": "0123456789abcdef" * 65_536},
    "a megabyte of many": [{"n": n, "text": f"line {n} ü \U0001f600"} for n in range(30_000)],
}
TYPES = ["send email", "a:b:c", "größe \U0001f600", '"it\'s" \\ / back', "glob*?[a-z]", "email:inactive", "0", "jobs"]


def text(value: Any) -> str:
    """JSON, to compare: 1, 1.0 and True are equal in Python, and are not the same."""
    return json.dumps(value)


@pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS)
def test_python_saves_and_node_works(unharmed_node: Start, make_queue: MakeQueue, data: Any) -> None:
    node, queue, results = unharmed_node(), make_queue(), []
    job = queue.create("email", data).on("complete", results.append).save()
    node.process("email")
    wait_until(lambda: results)
    assert text(results) == text([data])
    assert text([run["data"] for run in node.runs()]) == text([data])
    saved = kue.Job.get(job.id, queue=queue)
    assert (text(saved.data), text(saved.result)) == (text(data), text(data))


@pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS)
def test_node_saves_and_python_works(unharmed_node: Start, make_queue: MakeQueue, data: Any) -> None:
    node, queue, seen = unharmed_node(), make_queue(), []
    id = node.create("email", data)

    @queue.process("email")
    def echo(job: kue.Job) -> Any:
        seen.append(job.data)
        return job.data

    wait_until(lambda: node.job_events(id, "complete"))
    assert text(seen) == text([data])
    assert text(node.job_events(id, "complete")) == text([["complete", data, None]])
    assert text([node.get(id)[name] for name in ("data", "result")]) == text([data, data])


@pytest.mark.parametrize(("number", "there"), [(-0.0, 0), (1.0, 1), (2**53 + 1, 2**53), (10**30, 1e30)])
def test_a_number_that_javascript_has_otherwise(
    unharmed_node: Start, make_queue: MakeQueue, number: float, there: float
) -> None:
    node, queue, results = unharmed_node(), make_queue(), []
    job = queue.create("email", [number]).on("complete", results.append).save()
    node.process("email")
    wait_until(lambda: results)
    assert text(results) == text([[there]])
    assert text(kue.Job.get(job.id, queue=queue).data) == text([number])


@pytest.mark.parametrize("type", TYPES)
def test_types(unharmed_node: Start, make_queue: MakeQueue, type: str) -> None:
    node, queue, results = unharmed_node(), make_queue(), []
    to_node, to_python = f"{type} 1", f"{type} 2"
    queue.process(to_python, lambda job: job.type)
    node.process(to_node, 1, "source", source="(job, done) => done(null, job.type)")
    queue.create(to_node).on("complete", results.append).save()
    id = node.create(to_python)
    wait_until(lambda: results and node.job_events(id, "complete"))
    assert results == [to_node]
    events = [event for event in node.job_events(id) if event[0] != "enqueue"]  # which Node publishes too late
    assert events == [["start", to_python, None], ["complete", to_python, None]]
    assert sorted(queue.types()) == sorted(node.on_queue("types")) == sorted([to_node, to_python])
    assert node.counts(to_python)["complete"] == queue.complete_count(to_node) == 1


@pytest.mark.parametrize("type", TYPES)
def test_a_type_in_each_state(unharmed_node: Start, make_queue: MakeQueue, type: str) -> None:
    node, queue = unharmed_node(), make_queue()
    job = queue.create(type, delay=3_600_000).save()
    for state in ("inactive", "active", "failed", "complete", "delayed", "inactive"):
        getattr(job, state)()
        assert node.get(job.id)["state"] == state
        assert node.counts(type) == node.counts() == dict.fromkeys(node.counts(), 0) | {state: 1}
    wait_until(lambda: len(node.events()) == 2)
    assert node.events() == [["job enqueue", job.id, type]] * 2
