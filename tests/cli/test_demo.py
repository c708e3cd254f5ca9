"""`kue demo`, as a user runs it: its summary adds up, its exit code is right, and it leaves nothing behind."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from kue.cli.demo.scenario import PYTHON_PARTS
from tests.cli.command import Command, assert_usage_error, is_alive
from tests.cli.programs import COMMAND, play_of
from tests.cli.summary import COLUMNS, Summary, read_summary
from tests.helpers import wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]

SABOTAGE = """
    import threading
    from kue.cli.demo import handlers
    from kue_send import Job

    {handlers}

    def serve():
        for type, handler in list(globals().items()):
            if type.startswith("sabotaged_"):
                setattr(handlers, type.removeprefix("sabotaged_"), handler)
        return handlers.serve()
"""
Play = Callable[[dict[str, str], int], Command]
AT_MOST = 30  # seconds: more than a demo of 40 jobs takes on a busy machine, since it ends once they have ended
LONG_ENOUGH = 55  # seconds: the same for hundreds of jobs


@pytest.fixture
def play(start: Start, module: Module) -> Play:
    """The demo with 40 jobs in so many seconds, the handlers of some types replaced by others."""

    def play(sabotage: dict[str, str], seconds: int) -> Command:
        handlers = "\n    ".join(f"def sabotaged_{type}(job): {what}" for type, what in sabotage.items())
        module("sabotage", SABOTAGE.format(handlers=handlers))
        module("play", play_of(show=1))
        return start("sabotage:serve", str(seconds), "40", program=("play.py",))

    return play


def socket_of(demo: Command) -> Path:
    """Where its server listens."""
    return Path(demo.wait_for(r" on unix://(/\S+)\?db=0$")[0][1])


READY = r"worker \d is ready, pid (\d+)"


def workers_of(demo: Command) -> list[int]:
    """The workers, once both are ready. If the demo ends by itself, one may have run all jobs before that."""
    return [int(match[1]) for match in demo.wait_for(READY, count=2)]


def workers_that_were_ready(demo: Command) -> list[int]:
    return [int(match[1]) for line in demo.lines if (match := re.search(READY, line))]


def assert_it_adds_up(summary: Summary) -> None:
    assert summary.rows["total"] == {name: sum(summary.column(name)) for name in COLUMNS}
    assert summary.rows["total"] == summary.sums
    for row in summary.rows.values():
        assert row["created"] == row["complete"] + row["failed"] + row["unfinished"]
    promises = summary.promises
    assert promises["all"] == promises["resolved"] + promises["rejected"] + promises["open"]


def assert_nothing_is_left(socket: Path, workers: list[int]) -> None:
    assert not socket.parent.exists()
    assert not [pid for pid in workers if is_alive(pid)]


def test_the_demo_has_as_many_jobs_as_fit_its_time(start: Start) -> None:
    demo = start("demo", "--seconds", "8")
    demo.wait_for(r"^kue \S+ demo: 320 jobs of 7 types in at most 8 s, on ")
    demo.signal(signal.SIGINT)
    assert demo.wait() == 128 + signal.SIGINT


def test_the_demo_ends_by_itself_as_expected_and_adds_up(start: Start, module: Module) -> None:
    module("command", COMMAND)
    demo = start("demo", "--seconds", str(LONG_ENOUGH), "--jobs", "320", program=("command.py",))
    socket = socket_of(demo)
    demo.assert_success()
    assert demo.errors == []
    assert demo.lines[-1] == "every job ended as expected"
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.types == [part.type for part in PYTHON_PARTS]
    assert (summary.sums["created"], summary.sums["unfinished"]) == (320, 0)
    rows = summary.rows
    assert (rows["webhook"]["failed"], rows["webhook"]["retries"]) == (19, 19)
    assert rows["payment"] == {"created": 44, "complete": 44, "failed": 0, "unfinished": 0, "retries": 43}
    assert summary.promises == {"all": 51, "resolved": 34, "rejected": 17, "open": 0}
    assert summary.seconds <= LONG_ENOUGH
    assert_nothing_is_left(socket, workers_that_were_ready(demo))
    assert_it_showed_a_line_a_second(demo)


def assert_it_showed_a_line_a_second(demo: Command) -> None:
    """As it does if there is no terminal."""
    shown = [match for line in demo.lines if (match := re.match(r" *([\d.]+) s  (\d+) of 320 created: ", line))]
    seconds = [int(float(match[1])) for match in shown]
    assert seconds[:-1] == sorted(set(seconds[:-1])) and seconds[-2] <= seconds[-1]
    assert int(shown[-1][2]) == 320
    assert "\x1b" not in demo.text


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
            r"the promise of report \d+ should have failed with '\d+ rows are too many', but has 7": 2,
        },
    ),
    "alert": (
        "job.progress(1, 2, 'half'); return {'paged': job.data['service']}",
        {r"alert \d+ has made progress to 'half', not None": 3},
    ),
    "reminder": (
        "Job.create(job.runtime, 'email', {}, {'delay': 600_000}).save(); return {'reminded': job.data['name']}",
        {r"email \d+ was not planned": 4},
    ),
}


# Together no more than the demo prints: each deviation names the type whose handler it is about.
PRINTED_TOGETHER = [("email", "image"), ("payment", "report", "webhook"), ("alert", "reminder")]


@pytest.mark.parametrize("types", PRINTED_TOGETHER, ids=", ".join)
def test_the_demo_finds_out_sabotaged_handlers(play: Play, types: tuple[str, ...]) -> None:
    expected = {pattern: count for type in types for pattern, count in DEVIATIONS[type][1].items()}
    demo = play({type: DEVIATIONS[type][0] for type in types}, AT_MOST)
    assert demo.wait() == 1
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    found = {pattern: sum(bool(re.fullmatch(pattern, line)) for line in summary.deviations) for pattern in expected}
    assert found == expected, summary.deviations
    assert len(summary.deviations) == sum(expected.values())
    assert "every job ended as expected" not in demo.text


def test_every_sabotage_is_played() -> None:
    assert sorted(type for types in PRINTED_TOGETHER for type in types) == sorted(DEVIATIONS)
    assert set(DEVIATIONS) == {part.type for part in PYTHON_PARTS}


def test_the_demo_prints_the_first_of_many_deviations(play: Play) -> None:
    demo = play({"email": "return 7", "payment": DEVIATIONS["payment"][0]}, AT_MOST)
    assert demo.wait() == 1
    assert "not as expected: 22" in demo.lines
    deviations = read_summary(demo.lines).deviations
    assert (len(deviations), deviations[-1]) == (21, "and 2 more")


def test_the_demo_reports_jobs_that_do_not_finish_in_time(play: Play) -> None:
    demo = play({"image": "threading.Event().wait()"}, 12)
    socket, workers = socket_of(demo), workers_of(demo)
    assert demo.wait() == 1
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.deviations == ["image: 4 of 4 jobs are unfinished"]
    assert summary.sums["unfinished"] == 4
    assert summary.seconds <= 12
    assert_nothing_is_left(socket, workers)


def test_the_demo_reports_workers_that_are_not_ready_in_time(start: Start, module: Module, tmp_path: Path) -> None:
    module(
        "slow",
        """
        import os, time
        from kue.cli.demo.handlers import serve

        while not os.path.exists("later"):
            time.sleep(0.01)
        """,
    )
    module("play", play_of(show=1))
    demo = start("slow:serve", "3", "40", program=("play.py",))
    demo.wait_for("not as expected: 8")
    (tmp_path / "later").touch()
    assert demo.wait() == 1
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.deviations[:3] == [
        "no worker was ready in time: give the demo more time with --seconds",
        "alert: 3 of 3 jobs are unfinished",
        "email: 16 of 16 jobs were not created",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_demo_and_leaves_nothing_behind(start: Start, number: int) -> None:
    demo = start("demo", "--seconds", "60")
    socket, workers = socket_of(demo), workers_of(demo)
    demo.signal(number)
    assert demo.wait() == 128 + number
    assert demo.lines[-1] == "interrupted"
    # A handler that outlasts the fifth of a second that running jobs have may report something of a job put back.
    assert [line for line in demo.errors if "is no longer held by this run" not in line] == []
    assert_nothing_is_left(socket, workers)


def test_a_killed_demo_leaves_nothing_behind(start: Start, module: Module) -> None:
    # Its workers lose their server too, and wait as long for it as a shutdown does.
    patch = "import kue.queue.queue\n    kue.queue.queue._FINAL_IO_SECONDS = 0.5"
    module("quick_to_end", SABOTAGE.format(handlers=patch))
    module("play", play_of(show=1))
    # So many jobs that both workers are ready before the last has ended, however busy the machine is.
    demo = start("quick_to_end:serve", "60", "20000", program=("play.py",))
    socket, workers = socket_of(demo), workers_of(demo)
    demo.signal(signal.SIGKILL)
    wait_until(lambda: not socket.parent.exists() and not any(map(is_alive, workers)), 30)


def test_keep_leaves_up_the_server_with_as_many_jobs_as_asked_for(start: Start, module: Module) -> None:
    module("command", COMMAND)
    demo = start("demo", "--seconds", str(LONG_ENOUGH), "--jobs", "600", "--keep", program=("command.py",))
    socket, workers = socket_of(demo), workers_of(demo)
    demo.wait_for(rf"server and workers stay up at unix://{socket}, until Ctrl-C")
    with redis.Redis(unix_socket_path=str(socket)) as client:
        assert client.zcard("q:jobs") == 600
    summary = read_summary(demo.lines)
    assert_it_adds_up(summary)
    assert summary.sums["created"] == 600
    assert demo.lines[-2] == "every job ended as expected"
    assert all(map(is_alive, workers))
    demo.signal(signal.SIGINT)
    demo.assert_success()
    assert_nothing_is_left(socket, workers)


def test_workers_that_cannot_start_end_the_demo_with_one_line(start: Start, module: Module) -> None:
    module("play", play_of(show=1))
    demo = start("nowhere:serve", str(AT_MOST), "40", program=("play.py",))
    assert demo.wait() == 1
    assert len(demo.errors) == 1
    assert demo.errors[0].startswith("kue: the demo stopped early: there is no module 'nowhere' in ")


@pytest.mark.parametrize(
    "arguments",
    [("--seconds", "2"), ("--jobs", "39"), ("--seconds", "soon"), ("--seconds", "nan"), ("--seconds", "inf")],
)
def test_time_or_jobs_that_are_too_few_are_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert_usage_error("demo", *arguments)
