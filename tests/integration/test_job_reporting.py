"""Log, progress, fields and errors of a job, from a producer and from a handler."""

from datetime import UTC, datetime
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import keyspace, wait_until
from tests.integration.commands import commands


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


LINES: list[tuple[tuple[Any, ...], str]] = [
    (("sending to %s", "tj"), "sending to tj"),
    (("%d of %d, %.1f %%", 1, 2, 50), "1 of 2, 50.0 %"),
    (("%(who)s waits", {"who": "tj"}), "tj waits"),
    (("plain",), "plain"),
    (("100%",), "100%"),
    (("100% of %s",), "100% of %s"),
    (("%s and %s", "one"), "%s and %s one"),
    (("no place", "left", 2), "no place left 2"),
    (("%d", "no number"), "%d no number"),
    (("%", 1), "% 1"),
    (("%q", 1), "%q 1"),
    (("%s", None), "None"),
    (("%s", Rude()), "%s <Rude whose repr raised RuntimeError>"),
    (("%s", (1, 2)), "(1, 2)"),
    (({"a": 1},), "{'a': 1}"),
    ((None,), "None"),
    ((7, "x"), "7 'x'"),
    ((Rude(),), "<Rude whose repr raised RuntimeError>"),
    ((ValueError("no"),), "ValueError: no"),
    ((KeyError(),), "KeyError"),
    (("it failed:", ValueError("no")), "it failed: ValueError: no"),
    (("it failed: %s", ValueError("no")), "it failed: no"),
    ((datetime(2024, 1, 1, tzinfo=UTC),), "datetime.datetime(2024, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)"),
    (("two\nlines",), "two\nlines"),
    (("",), ""),
    (("é \u2028 \ud800 \0",), "é \u2028 \\ud800 \0"),
]
PROGRESS: list[tuple[tuple[Any, ...], int]] = [
    ((1, 2), 50),
    ((1, 3), 33),
    ((2, 3), 66),
    ((40,), 40),
    ((5, 2), 100),
    ((0, 5), 0),
    ((1, 0), 0),
    ((-1, 2), -50),
    ((0.5, 1), 50),
]


def logged(queue: Any, id: int | None) -> list[str]:
    lines: list[str] = Job.get_log(id, queue=queue)  # type: ignore[arg-type]
    return lines


class TestLog:
    @pytest.mark.parametrize(("args", "line"), LINES, ids=[str(i) for i in range(len(LINES))])
    def test_a_log_line_is_formatted_and_never_raises(self, queue: Any, args: tuple[Any, ...], line: str) -> None:
        job = queue.create("email").save()
        assert job.log(*args) is job
        assert logged(queue, job.id) == [line]

    def test_an_exception_is_logged_with_its_traceback(self, queue: Any) -> None:
        job = queue.create("email").save()
        try:
            raise ValueError("no way")
        except ValueError as problem:
            job.log(problem).log("it failed:", problem)
        for line, start in zip(job.log(), ("", "it failed: "), strict=True):
            assert line.startswith(f"{start}ValueError: no way\nTraceback (most recent call last):\n  File ")
            assert 'raise ValueError("no way")' in line and line.endswith("\nValueError: no way")

    def test_log_without_an_argument_reads_the_lines(self, everywhere: Any) -> None:
        job = everywhere.create("email")
        with pytest.raises(kue.JobNotFound, match="call save"):
            job.log()
        assert job.save().log() == []
        assert job.log("first").log("").log() == ["first", ""]
        everywhere.test_mode.enter()
        assert everywhere.create("email").save().log("collected").log() == []

    def test_a_handler_reads_the_lines_that_it_has_logged(self, queue: Any) -> None:
        read: list[Any] = []

        @queue.process("email")
        def handle(job: Any) -> None:
            for n in range(20):
                read.append(job.log(n).log())

        queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 1)
        assert read == [[str(line) for line in range(n + 1)] for n in range(20)]

    def test_log_lines_stay_in_order(self, everywhere: Any) -> None:
        job = everywhere.create("email").save()
        for n in range(20):
            job.log("line %d", n)
        assert logged(everywhere, job.id) == [f"line {n}" for n in range(20)]
        assert Job.get(job.id, queue=everywhere).updated_at >= job.created_at

    def test_a_handler_reports_everything_in_order_before_its_outcome(self, everywhere: Any) -> None:
        heard: list[Any] = []

        @everywhere.process("email")
        def work(job: Any) -> str:
            for n in range(50):
                job.log("line %d", n).progress(n, 50)
            job.set("by", "me")
            return "done"

        job = everywhere.create("email")
        job.on("progress", heard.append).on("complete", heard.append).save()
        wait_until(lambda: heard[-1:] == ["done"])
        assert heard == [*(2 * n for n in range(50)), "done"]
        assert logged(everywhere, job.id) == [f"line {n}" for n in range(50)]
        assert job.get_field("by") == "me"

    def test_the_log_of_an_unknown_job_is_empty(self, queue: Any, client: Any) -> None:
        job = queue.create("email")
        with pytest.raises(kue.JobNotFound, match="not saved yet"):
            job.log("a line")
        job.save().remove()
        before = keyspace(client)
        with pytest.raises(kue.JobNotFound, match="1"):
            job.log("a line")
        assert keyspace(client) == before
        assert logged(queue, 99) == []


class TestProgress:
    @pytest.mark.parametrize(("args", "percent"), PROGRESS)
    def test_progress_is_a_percentage_as_in_kue(self, queue: Any, args: tuple[Any, ...], percent: int) -> None:
        job = queue.create("email").save()
        assert job.progress() == 0
        assert job.progress(*args) is job
        assert job.progress() == Job.get(job.id, queue=queue).progress() == percent
        assert job.get_field("progress") == str(percent)

    def test_progress_carries_data(self, everywhere: Any) -> None:
        heard: list[Any] = []
        job = everywhere.create("email").on("progress", lambda *args: heard.append(args)).save()
        job.progress(1, 4, {"step": ["smtp", 2**60, None]}).progress(2, 4)
        wait_until(lambda: len(heard) == 2)
        assert heard == [(25, {"step": ["smtp", 2**60, None]}), (50, None)]
        assert job.progress_data == {"step": ["smtp", 2**60, None]}
        found = Job.get(job.id, queue=everywhere)
        assert (found.progress(), found.progress_data) == (50, job.progress_data)

    @pytest.mark.parametrize("data", [0, "", [], {}, False])
    def test_progress_data_that_is_empty_takes_the_place_of_what_was_there(self, queue: Any, data: Any) -> None:
        job = queue.create("email").save().progress(1, 4, "first").progress(2, 4, data)
        assert job.progress_data == data
        assert Job.get(job.id, queue=queue).progress_data == data

    def test_progress_is_one_command(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save()
        with commands(client) as sent:
            job.progress(1, 2, "half").log("line").set("a", 1)
        assert sent == ["EVALSHA"] * 3

    def test_progress_data_that_json_cannot_hold_writes_nothing(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save()
        before = keyspace(client)
        with pytest.raises(kue.InvalidJobData, match=r"progress data\.at"):
            job.progress(1, 2, {"at": datetime.now(UTC)})
        assert (job.progress(), job.progress_data) == (0, None)
        assert keyspace(client) == before


class TestFields:
    def test_fields_are_written_and_read(self, everywhere: Any) -> None:
        job = everywhere.create("email").save()
        assert job.set("tenant", "é").set("n", 7).set("x", 0.5) is job
        assert [job.get_field(name) for name in ("tenant", "n", "x", "none")] == ["é", "7", "0.5", None]

    def test_a_handler_reads_the_field_it_wrote(self, everywhere: Any) -> None:
        read: list[Any] = []

        def handler(job: Any) -> None:
            job.log("a line").set("tenant", "first")
            read.append(job.get_field("tenant"))
            job.set("tenant", "second").progress(1, 2)
            read.append((job.get_field("tenant"), job.get_field("progress"), logged(everywhere, job.id)))

        everywhere.process("email", handler)
        everywhere.create("email").save()
        wait_until(lambda: everywhere.complete_count() == 1)
        assert read == ["first", ("second", "50", ["a line"])]

    def test_fields_of_a_job_that_is_gone_are_not_written(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save().remove()
        before = keyspace(client)
        with pytest.raises(kue.JobNotFound):
            job.set("tenant", "x")
        assert job.get_field("tenant") is None
        assert keyspace(client) == before


class TestError:
    def test_an_exception_is_stored_logged_and_announced(self, everywhere: Any) -> None:
        heard: list[Any] = []
        job = everywhere.create("email").on("error", heard.append).save()
        assert job.error() is None
        assert job.error(ValueError("no\nway")) is job
        assert job.error() == Job.get(job.id, queue=everywhere).error() == "ValueError: no\nway"
        assert logged(everywhere, job.id) == ["ValueError: no"]
        wait_until(lambda: heard == ["ValueError: no\nway"])

    def test_the_stack_of_an_exception_that_was_raised_is_stored_too(self, queue: Any) -> None:
        job = queue.create("email").save()
        try:
            raise ValueError("no way")
        except ValueError as problem:
            job.error(problem)
        stored = Job.get(job.id, queue=queue).error()
        assert stored.startswith("ValueError: no way\nTraceback ") and "test_job_reporting.py" in stored
        assert logged(queue, job.id) == ["ValueError: no way"]

    def test_a_string_leaves_an_empty_line_as_in_kue(self, queue: Any) -> None:
        job = queue.create("email").save().error("disk full")
        assert Job.get(job.id, queue=queue).error() == "disk full"
        assert logged(queue, job.id) == [""]

    def test_an_error_without_a_listener_is_no_error_of_the_queue(self, queue: Any, errors: list[Any]) -> None:
        heard: list[Any] = []
        queue.on("job error", lambda id, text: heard.append((id, text)))
        job = queue.create("email").save().error("disk full")
        wait_until(lambda: heard == [(job.id, "disk full")])
        assert errors == []
