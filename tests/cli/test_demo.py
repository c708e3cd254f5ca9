"""`kue demo`, as a user runs it: its summary adds up, its exit code tells the truth, and it leaves nothing behind."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from kue.cli.demo.scenario import PYTHON_PARTS
from tests.cli.command import Command, is_alive, is_listening
from tests.cli.summary import COLUMNS, Summary, read_summary
from tests.helpers import wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]

# What the command does, with workers of one's own.
PLAY = """
    import sys
    import typer
    from kue.cli.demo.run import Wishes, run_demo
    from kue.cli.demo.scenario import Scenario
    from kue.cli.console import exit_on_error

    def play(workers: str, seconds: float, jobs: int) -> None:
        with exit_on_error():
            raise typer.Exit(run_demo(Wishes(seconds, jobs), Scenario(workers=workers)))

    typer.run(play)
"""
SABOTAGE = """
    import threading
    import time
    from kue.cli.demo import handlers
    from kue_send import Job

    def sabotaged(job):
        {what}

    def serve():
        handlers.{type} = sabotaged
        return handlers.serve()
"""


@pytest.fixture
def play(start: Start, module: Module) -> Callable[[str, str, int], Command]:
    """The demo with 40 jobs, and one type's handler replaced by one that does something else, in so many seconds."""

    def play(type: str, what: str, seconds: int) -> Command:
        module("sabotage", SABOTAGE.format(type=type, what=what))
        module("play", PLAY)
        return start("sabotage:serve", str(seconds), "40", program=("play.py",))

    return play


def port_of(demo: Command) -> int:
    return int(demo.wait_for(r" on redis://127\.0\.0\.1:(\d+)$")[0][1])


def workers_of(demo: Command) -> list[int]:
    return [int(match[1]) for match in demo.wait_for(r"worker \d is ready, pid (\d+)", count=2)]


def assert_it_adds_up(summary: Summary) -> None:
    assert summary.rows["together"] == {name: sum(summary.column(name)) for name in COLUMNS}
    assert summary.rows["together"] == summary.sums
    for row in summary.rows.values():
        assert row["created"] == row["complete"] + row["failed"] + row["unfinished"]
    promises = summary.promises
    assert promises["all"] == promises["resolved"] + promises["rejected"] + promises["open"]


def assert_nothing_is_left(port: int, workers: list[int]) -> None:
    assert not is_listening(port)
    assert not [pid for pid in workers if is_alive(pid)]


def test_it_ends_by_itself_as_expected_and_adds_up(start: Start) -> None:
    demo = start("demo", "--seconds", "10")
    port, workers = port_of(demo), workers_of(demo)
    assert demo.wait() == 0
    assert demo.errors == []
    assert demo.lines[-1] == "every job ended as expected"
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.types == [part.type for part in PYTHON_PARTS]
    assert (summary.sums["created"], summary.sums["unfinished"]) == (400, 0)
    rows = summary.rows
    assert (rows["webhook"]["failed"], rows["webhook"]["retries"]) == (24, 24)
    assert rows["payment"] == {"created": 56, "complete": 56, "failed": 0, "unfinished": 0, "retries": 55}
    assert summary.promises == {"all": 64, "resolved": 43, "rejected": 21, "open": 0}
    assert summary.seconds <= 10
    assert_nothing_is_left(port, workers)


def test_it_shows_a_line_a_second_where_there_is_no_terminal(start: Start) -> None:
    demo = start("demo", "--seconds", "6")
    assert demo.wait() == 0
    shown = [match for line in demo.lines if (match := re.match(r" *([\d.]+) s  (\d+) of 240 created: ", line))]
    seconds = [int(float(match[1])) for match in shown]
    assert seconds[:-1] == sorted(set(seconds[:-1])) and seconds[-2] <= seconds[-1]
    assert int(shown[-1][2]) == 240
    assert "\x1b" not in demo.text


def test_as_many_jobs_as_asked(start: Start) -> None:
    demo = start("demo", "--seconds", "10", "--jobs", "1000")
    assert demo.wait() == 0
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.sums["created"] == 1000


DEVIATIONS = {
    "email": (
        "raise LookupError('no such mailbox')",
        {r"email \d+ is failed, not complete \(LookupError: no such mailbox\)": 16},
    ),
    "image": (
        "job.progress(1, 1, {'step': 'write'}); return 7",
        {r"image \d+ has the result 7, not {'width': \d+, 'steps': 5}": 4},
    ),
    "payment": (
        "return {'paid': job.data['cents'], 'attempt': 1}",
        {
            r"payment \d+ took 1 attempts, not [23]": 3,
            r"payment \d+ has the result {'paid': \d+, 'attempt': 1}, not {'paid': \d+, 'attempt': [23]}": 3,
        },
    ),
    "webhook": (
        "raise TimeoutError('too slow')",
        {r"webhook \d+ failed with 'TimeoutError: too slow', not 'ConnectionError: \w+.example.com .*'": 2},
    ),
    "report": (
        "return 7",
        {
            r"report \d+ is complete, not failed": 2,
            r"report \d+ has the result 7, not {'pages': \d+}": 2,
            r"report \d+ has the result 7, not None": 2,
            r"the promise of report \d+ resolved with 7, not {'pages': \d+}": 4,
            r"the promise of report \d+ was to fail with '\d+ rows are too many', and came to 7": 2,
        },
    ),
    "alert": (
        "job.progress(1, 2, 'half'); return {'paged': job.data['service']}",
        {r"alert \d+ has made progress to 'half', not None": 3},
    ),
    "reminder": (
        "Job.create(job.runtime, 'email', {}, {'delay': 600_000}).save(); return {'told': job.data['who']}",
        {r"email \d+ was not planned": 4},
    ),
}


@pytest.mark.parametrize("type", DEVIATIONS)
def test_a_sabotaged_handler_is_found_out(play: Callable[[str, str, int], Command], type: str) -> None:
    what, expected = DEVIATIONS[type]
    demo = play(type, what, 10)
    assert demo.wait() == 1
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    told = {pattern: sum(bool(re.fullmatch(pattern, line)) for line in summary.deviations) for pattern in expected}
    assert told == expected, summary.deviations
    assert len(summary.deviations) == sum(expected.values())
    assert "every job ended as expected" not in demo.text


def test_of_many_deviations_the_first_are_told(start: Start, module: Module) -> None:
    module("sabotage", SABOTAGE.format(type="email", what="return 7"))
    module("play", PLAY)
    demo = start("sabotage:serve", "10", "400", program=("play.py",))
    assert demo.wait() == 1
    assert "not as expected: 144" in demo.lines
    deviations = read_summary(demo.lines).deviations
    assert (len(deviations), deviations[-1]) == (21, "and 124 more")


def test_what_does_not_finish_in_time_is_said(play: Callable[[str, str, int], Command]) -> None:
    demo = play("image", "threading.Event().wait()", 6)
    port, workers = port_of(demo), workers_of(demo)
    assert demo.wait() == 1
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.deviations == ["image: 4 of 4 jobs are unfinished"]
    assert summary.sums["unfinished"] == 4
    assert summary.seconds <= 6
    assert_nothing_is_left(port, workers)


def test_workers_that_are_not_ready_in_time_are_said(start: Start, module: Module, tmp_path: Path) -> None:
    module(
        "slow",
        """
        import os, time
        from kue.cli.demo.handlers import serve

        while not os.path.exists("later"):
            time.sleep(0.01)
        """,
    )
    module("play", PLAY)
    demo = start("slow:serve", "3", "40", program=("play.py",))
    demo.wait_for("not as expected: 8")
    (tmp_path / "later").touch()
    assert demo.wait() == 1
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.deviations[:3] == [
        "no worker was ready in time: give it more --seconds",
        "alert: 3 of 3 jobs are unfinished",
        "email: 16 of 16 jobs were not created",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_and_leaves_nothing_behind(start: Start, number: int) -> None:
    demo = start("demo", "--seconds", "60")
    port, workers = port_of(demo), workers_of(demo)
    demo.signal(number)
    assert demo.wait() == 128 + number
    assert demo.lines[-1] == "interrupted"
    assert demo.errors == []
    assert_nothing_is_left(port, workers)


def test_killed_it_leaves_nothing_behind_either(start: Start) -> None:
    demo = start("demo", "--seconds", "60")
    port, workers = port_of(demo), workers_of(demo)
    demo.signal(signal.SIGKILL)
    wait_until(lambda: not is_listening(port) and not any(map(is_alive, workers)), 30)


def test_keep_leaves_server_and_workers_up(start: Start) -> None:
    demo = start("demo", "--seconds", "10", "--jobs", "40", "--keep")
    port, workers = port_of(demo), workers_of(demo)
    demo.wait_for(rf"server and workers stay up at redis://127\.0\.0\.1:{port}, until Ctrl-C")
    with redis.Redis(port=port) as client:
        assert client.zcard("q:jobs") == 40
    assert all(map(is_alive, workers))
    demo.signal(signal.SIGINT)
    assert demo.wait() == 0
    assert_nothing_is_left(port, workers)


def test_workers_that_cannot_start_are_one_line(start: Start, module: Module) -> None:
    module("play", PLAY)
    demo = start("nowhere:serve", "10", "40", program=("play.py",))
    assert demo.wait() == 1
    assert len(demo.errors) == 1
    assert demo.errors[0].startswith("kue: the demo broke off: there is no module 'nowhere' in ")


@pytest.mark.parametrize(
    "arguments",
    [("--seconds", "2"), ("--jobs", "39"), ("--seconds", "soon"), ("--seconds", "nan"), ("--seconds", "inf")],
)
def test_what_cannot_fit_is_a_usage_error(start: Start, arguments: tuple[str, ...]) -> None:
    demo = start("demo", *arguments)
    assert demo.wait() == 2
    assert "Usage:" in "\n".join(demo.errors)
