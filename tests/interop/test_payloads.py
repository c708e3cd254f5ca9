"""What is saved on one side arrives unchanged on the other, and so does the result on its way back."""

import json
from collections.abc import Callable
from typing import Any

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


def assert_unchanged(arrived: dict[str, list[Any]]) -> None:
    """What arrived of each payload, at each place; names those that are not as they were."""
    assert arrived.keys() == PAYLOADS.keys()
    changed = {
        name: [number for number, one in enumerate(found) if text(one) != text(PAYLOADS[name])]
        for name, found in arrived.items()
    }
    assert {name: places for name, places in changed.items() if places} == {}


def test_data_that_python_saves_and_node_returns_is_unchanged(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    results: dict[str, list[Any]] = {name: [] for name in PAYLOADS}
    jobs = {name: queue.create("email", data).on("complete", results[name].append) for name, data in PAYLOADS.items()}
    for job in jobs.values():
        job.save()
    node.process("email")
    wait_until(lambda: all(results.values()), 60)
    runs = {run["id"]: run["data"] for run in node.runs()}
    saved = {name: kue.Job.get(job.id, queue=queue) for name, job in jobs.items()}
    assert [len(heard) for heard in results.values()] == [1] * len(PAYLOADS) and len(runs) == len(PAYLOADS)
    assert_unchanged(
        {name: [results[name][0], runs[jobs[name].id], saved[name].data, saved[name].result] for name in PAYLOADS}
    )


def test_data_that_node_saves_and_python_returns_is_unchanged(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    ids = {name: node.create("email", data) for name, data in PAYLOADS.items()}
    seen: dict[int, Any] = {}

    @queue.process("email")
    def echo(job: kue.Job) -> Any:
        seen[job.id or 0] = job.data
        return job.data

    wait_until(lambda: queue.complete_count() == len(PAYLOADS), 60)

    def completions() -> dict[str, list[Any]] | None:
        """What Node heard, asked for at once: there are megabytes of it."""
        heard = node.request("heard", what="jobEvents")
        found = {name: [event for event in heard[str(id)] if event[0] == "complete"] for name, id in ids.items()}
        return found if all(found.values()) else None

    events = wait_until(completions, 60)
    assert events
    assert [[event[::2] for event in heard] for heard in events.values()] == [[["complete", None]]] * len(PAYLOADS)
    jobs = {name: node.get(id) for name, id in ids.items()}
    assert_unchanged(
        {name: [seen[id], events[name][0][1], jobs[name]["data"], jobs[name]["result"]] for name, id in ids.items()}
    )


OTHERWISE_IN_JAVASCRIPT = [(-0.0, 0), (1.0, 1), (2**53 + 1, 2**53), (10**30, 1e30)]


def test_a_number_that_javascript_has_otherwise_is_stored_as_it_was(
    unharmed_node: Start, make_queue: MakeQueue
) -> None:
    node, queue = unharmed_node(), make_queue()
    node.process("email")
    for number, there in OTHERWISE_IN_JAVASCRIPT:
        results: list[Any] = []
        job = queue.create("email", [number]).on("complete", results.append).save()
        wait_until(lambda results=results: results)
        assert text(results) == text([[there]])
        assert text(kue.Job.get(job.id, queue=queue).data) == text([number])


def test_a_type_of_any_name_is_run_by_the_other_side(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue, all_types = unharmed_node(), make_queue(), []
    for type in TYPES:
        results: list[Any] = []
        to_node, to_python = f"{type} 1", f"{type} 2"
        all_types += [to_node, to_python]
        queue.process(to_python, lambda job: job.type)
        node.process(to_node, 1, "source", source="(job, done) => done(null, job.type)")
        queue.create(to_node).on("complete", results.append).save()
        id = node.create(to_python)
        wait_until(lambda results=results, id=id: results and node.job_events(id, "complete"), message=type)
        assert results == [to_node]
        events = [event for event in node.job_events(id) if event[0] != "enqueue"]  # which Node publishes too late
        assert events == [["start", to_python, None], ["complete", to_python, None]]
        assert sorted(queue.types()) == sorted(node.on_queue("types")) == sorted(all_types)
        assert node.counts(to_python)["complete"] == queue.complete_count(to_node) == 1


def test_a_type_of_any_name_is_counted_alike_in_each_state(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    for number, type in enumerate(TYPES, 1):
        job = queue.create(type, delay=3_600_000).save()
        for state in ("inactive", "active", "failed", "complete", "delayed", "inactive"):
            getattr(job, state)()
            assert node.get(job.id)["state"] == state
            assert node.counts(type) == node.counts() == dict.fromkeys(node.counts(), 0) | {state: 1}
        wait_until(lambda number=number: len(node.events()) == 3 * number - 1)
        assert node.events()[3 * (number - 1) :] == [["job enqueue", job.id, type]] * 2
        job.remove()
        wait_until(lambda number=number: len(node.events()) == 3 * number)
