"""What is copied from the page of a job creates such a job: each program is read by its own language."""

import json
import shlex
import shutil
import subprocess
from typing import Any

import pytest

import kue
from kue.web.job_code import job_code, options_of, quoted_json
from kue.web.json_tree import read_tree
from tests.conftest import absent

TYPE = 'it\'s \u202e "odd" \U000e0001 $(rm) `x` \\'
DATA = {
    "to": "a'b\n\u200b😀\U000e0001",
    "n": 12345678901234567890,
    "f": 1.5,
    "none": None,
    "yes": True,
    "list": [{}, []],
}
OPTIONS = {"priority": -10, "attempts": 3, "backoff": {"type": "fixed", "delay": 500}, "remove_on_complete": True}
ADDRESS = "https://jobs.example.com/it's/api/v1/jobs"


@pytest.fixture
def codes() -> dict[str, str]:
    tree = read_tree(json.dumps(DATA), lambda key: False)
    return dict(job_code(TYPE, tree, OPTIONS, ADDRESS))


def test_the_body_is_what_the_api_takes(codes: dict[str, str]) -> None:
    assert json.loads(codes["JSON"]) == {"type": TYPE, "data": DATA, **OPTIONS}


def test_python_reads_its_own(codes: dict[str, str], queue: kue.Queue) -> None:
    saved: kue.Job = eval(codes["Python"], {"queue": queue})
    job = kue.Job.get(saved.id, queue=queue)
    assert (job.type, job.data, job.priority(), job.attempts()) == (TYPE, DATA, -10, 3)
    assert (job.backoff(), job.remove_on_complete()) == ({"type": "fixed", "delay": 500}, True)


def test_a_shell_passes_the_body_to_curl_as_it_is(codes: dict[str, str]) -> None:
    words = shlex.split(codes["curl"].replace("\\\n", " "))
    assert words[:2] == ["curl", ADDRESS]
    assert words[-1] == codes["JSON"]


@pytest.mark.node
def test_node_reads_its_own(codes: dict[str, str]) -> None:
    if not shutil.which("node"):
        absent("the program for Node is run by the package nodejs (Debian)")
    program = """
    const calls = [];
    const job = new Proxy({}, { get: (_, name) => (...given) => { calls.push([name, ...given]); return job; } });
    const queue = { create: (...given) => { calls.push(["create", ...given]); return job; } };
    """
    shown = subprocess.run(
        ["node", "-e", f"{program}\n{codes['Node']}\nconsole.log(JSON.stringify(calls));"],
        capture_output=True,
        text=True,
        check=True,
    )
    data: dict[str, Any] = {**DATA, "n": 12345678901234567000}  # JavaScript has no more digits
    assert json.loads(shown.stdout) == [
        ["create", TYPE, data],
        ["priority", -10],
        ["attempts", 3],
        ["backoff", {"type": "fixed", "delay": 500}],
        ["removeOnComplete", True],
        ["save"],
    ]


def test_what_is_invisible_is_escaped_so_that_nothing_reads_backwards(codes: dict[str, str]) -> None:
    assert quoted_json("a\u202e\U000e0001é😀") == '"a\\u202e\\udb40\\udc01é😀"'
    assert all(character.isprintable() or character == "\n" for text in codes.values() for character in text)


def test_options_with_their_defaults_are_left_out() -> None:
    view = {"priority": 0, "attempts": {"made": 1, "max": 1}, "delay": None, "ttl": 0, "backoff": None}
    assert options_of({**view, "remove_on_complete": False, "remove_on_fail": None}) == {}
    source = {**view, "backoff": "function () {}", "remove_on_complete": True, "remove_on_fail": False}
    assert options_of(source) == {"remove_on_complete": True}
