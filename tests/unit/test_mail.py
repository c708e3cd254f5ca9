"""The mail of a process: when it looks, what it makes of each mail, and what it does if one may be lost."""

from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ResponseError

from kue.errors import RedisRefused
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.worker.mail import Mail

PROCESS = "kue:host:77-beef0001"
LOOK = ("LPOP", f"q:py:mail:{PROCESS}", 100)


class Place:
    """A mail whose time is moved by hand. `cancelled` has each call that ended a run early.

    `later` has the calls for when nothing is on its way, and `unknown` the runs that are none of this process.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.runs: list[Any] = []
        self.cancelled: list[str] = []
        self.later: list[Any] = []
        self.unknown: list[str] = []
        self.wakes = 0
        monkeypatch.setattr("kue.worker.mail.steady", lambda: self.now)
        store: Any = SimpleNamespace(commands=Commands(Keys("q")))
        timers = SimpleNamespace(add=lambda delay, call: call())
        settled_timers = SimpleNamespace(add=lambda delay, call: self.later.append(call))
        loop: Any = SimpleNamespace(timers=timers, settled_timers=settled_timers, wake=self._wake)
        unsettled = lambda: [run for run in self.runs if not run.settled]  # noqa: E731
        self.mail = Mail(store, PROCESS, unsettled, loop, self.unknown.append)

    def run(self, id: int = 1, *, cancel: bool = True) -> Any:
        worker = f"{PROCESS}:two\nlines:{id}"
        call = (lambda: self.cancelled.append(worker)) if cancel else None
        run = SimpleNamespace(id=id, worker_id=worker, settled=False, cancellation="", cancel=call)
        self.runs.append(run)
        return run

    def look(self, *replies: Any) -> None:
        self.mail.commands()
        self.mail.answered(replies)

    def _wake(self) -> None:
        self.wakes += 1


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(monkeypatch)
    place.run(9)
    place.look(None, None)  # the first look asks for each run
    place.runs.clear()
    return place


def mail_to(run: Any, error: str = "Cancelled: why", kind: str = "cancel") -> bytes:
    return f"{kind} {run.worker_id}\n{error}".encode()


def check(id: int) -> tuple[str, str, str]:
    return ("HGET", f"q:job:{id}", "py_cancel")


def test_a_process_that_runs_no_job_looks_every_ten_seconds(place: Place) -> None:
    place.now += 9
    assert place.mail.due_in <= 0
    assert place.mail.commands() == ()
    assert place.mail.due_in == 1
    place.now += 1
    assert place.mail.commands() == [LOOK]


def test_one_that_runs_jobs_looks_once_a_second(place: Place) -> None:
    place.run()
    assert place.mail.commands() == [LOOK]
    assert place.mail.due_in == 1


def test_the_run_that_a_mail_names_is_cancelled_and_no_other(place: Place) -> None:
    one, other = place.run(1), place.run(12)
    place.look([mail_to(one, "Cancelled: why / not")])
    assert (one.cancellation, other.cancellation) == ("Cancelled: why / not", "")
    assert place.cancelled == [one.worker_id]
    assert place.wakes == 1


def test_a_run_whose_handler_cannot_be_cancelled_only_learns_of_it(place: Place) -> None:
    run = place.run(cancel=False)
    place.look([mail_to(run)])
    assert (run.cancellation, place.wakes) == ("Cancelled: why", 0)


def test_the_first_mail_counts_and_an_ended_run_is_left_alone(place: Place) -> None:
    run, ended = place.run(1), place.run(2)
    ended.settled = True
    place.look([mail_to(run), mail_to(run, "Cancelled: again"), mail_to(ended)])
    assert (run.cancellation, ended.cancellation) == ("Cancelled: why", "")
    assert place.cancelled == [run.worker_id]


def test_a_run_that_this_process_learns_of_after_its_mail_is_cancelled_once_it_is_known(place: Place) -> None:
    """The mail overtakes the reply to the take: Redis has given out the job, and no run is known yet."""
    place.run(1)
    late, gone = place.run(2), place.run(3)
    place.runs = place.runs[:1]
    place.look([mail_to(late), mail_to(late, "Cancelled: again"), mail_to(gone)])
    assert (late.cancellation, len(place.later), place.wakes) == ("", 1, 1)
    place.runs.append(late)
    place.later.pop()()
    assert (late.cancellation, place.cancelled, place.unknown) == ("Cancelled: why", [late.worker_id], [gone.worker_id])


def test_mail_of_a_kind_that_a_newer_release_sends_is_passed_over(place: Place) -> None:
    run = place.run()
    place.look([b"", b"\xff\xfe", b"cancel", mail_to(run, kind="hurry")])
    assert run.cancellation == ""


def test_a_full_look_is_followed_by_another(place: Place) -> None:
    run = place.run()
    place.look([mail_to(run)] * 100)
    assert place.mail.due_in <= 0


def test_a_look_goes_through_the_runs_once_however_many_mails_came(place: Place) -> None:
    reads: list[str] = []

    class Run(SimpleNamespace):
        def __getattribute__(self, name: str) -> Any:
            if name == "worker_id":
                reads.append(name)
            return super().__getattribute__(name)

    place.runs = [Run(**vars(place.run(id))) for id in range(1, 101)]
    mails = [mail_to(run) for run in place.runs]
    reads.clear()
    place.look(mails)
    assert len(place.cancelled) == 100
    assert len(reads) <= 200


@pytest.mark.parametrize("sent", [True, False])
def test_after_replies_that_never_came_each_run_is_looked_up(place: Place, sent: bool) -> None:
    one, other = place.run(1), place.run(2)
    place.mail.commands()
    place.mail.missed(sent=sent)
    assert place.mail.commands() == [LOOK, check(1), check(2)]
    place.mail.answered([None, mail_to(one).removeprefix(b"cancel "), mail_to(one).removeprefix(b"cancel ")])
    assert (one.cancellation, other.cancellation) == ("Cancelled: why", "")
    assert place.mail.commands() == [LOOK]


def test_a_look_while_nothing_runs_makes_up_for_no_reply(place: Place) -> None:
    place.mail.missed(sent=True)
    place.now += 10
    place.look([])
    place.run(1)
    assert place.mail.commands() == [LOOK, check(1)]


def test_after_a_time_in_which_mail_may_have_gone_each_run_is_looked_up(place: Place) -> None:
    place.run(1)
    place.look(None)
    place.now += 301
    assert place.mail.commands() == [LOOK, check(1)]


def test_a_refused_look_is_an_error_but_the_runs_were_looked_up(place: Place) -> None:
    run = place.run(1)
    place.mail.missed(sent=True)
    place.mail.commands()
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.mail.answered([ResponseError("WRONGTYPE"), mail_to(run).removeprefix(b"cancel ")])
    assert run.cancellation == "Cancelled: why"
    assert place.mail.commands() == [LOOK, check(1)]


def test_a_run_that_may_not_be_looked_up_is_an_error_and_asked_for_again_but_mail_counts(place: Place) -> None:
    one, other = place.run(1), place.run(2)
    place.mail.missed(sent=True)
    place.mail.commands()
    with pytest.raises(RedisRefused, match="NOPERM"):
        place.mail.answered([[mail_to(one)], ResponseError("WRONGTYPE"), ResponseError("NOPERM")])
    assert (one.cancellation, other.cancellation) == ("Cancelled: why", "")
    assert place.mail.commands() == [LOOK, check(1), check(2)]


def test_a_run_whose_job_is_no_hash_any_more_is_passed_over(place: Place) -> None:
    place.run(1)
    place.mail.missed(sent=True)
    place.look(None, ResponseError("WRONGTYPE"))
    assert place.mail.commands() == [LOOK]
