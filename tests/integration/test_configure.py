"""`job_defaults`, `configure` and `reset`: the options that new jobs start with, and how they change at run time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import kue
import kue_send
from kue.queue.process_wide import ProcessWide

URL = "redis://127.0.0.1:1"  # no server is there, and none is needed


def options(queue: kue.Queue, type: str = "email", **own: Any) -> dict[str, Any]:
    return dict(queue.create(type, **own).options)


def test_defaults_are_for_all_jobs_flags_for_a_type_and_own_options_for_a_job() -> None:
    defaults: kue.JobOptionsDict = {"attempts": 2, "ttl": 500, "priority": "low"}
    with kue.Queue(redis=URL, job_defaults=defaults, job_flags={"email": {"ttl": 900, "attempts": 3}}) as queue:
        assert options(queue, "pdf") == {"attempts": 2, "ttl": 500, "priority": 10}
        assert options(queue) == {"attempts": 3, "ttl": 900, "priority": 10}
        assert options(queue, attempts=4, delay=5) == {"attempts": 4, "ttl": 900, "priority": 10, "delay": 5}
        assert options(queue, attempts=None) == {"attempts": 3, "ttl": 900, "priority": 10}


def test_no_two_jobs_share_a_default() -> None:
    with kue.Queue(redis=URL, job_defaults={"search_keys": ["to"], "backoff": {"type": "fixed"}}) as queue:
        first, second = options(queue), options(queue)
        first["search_keys"].append("title")
        first["backoff"]["delay"] = 5
        assert second == options(queue) == {"search_keys": ["to"], "backoff": {"type": "fixed"}}


def test_a_default_delay_until_a_moment_is_that_moment() -> None:
    moment = datetime.now(UTC) + timedelta(hours=1)
    with kue.Queue(redis=URL, job_defaults={"delay": moment}) as queue:
        assert options(queue)["delay"].at == round(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ({"attempts": 0}, "job_defaults: attempts must be a whole number, 1 or more, not 0"),
        ({"tries": 5}, "job_defaults: there is no job option 'tries'; there are priority, "),
        (["attempts"], "job_defaults must be a dict, not ['attempts']"),
    ],
    ids=str,
)
def test_bad_defaults_are_refused_when_the_queue_is_made_and_when_it_is_configured(defaults: Any, message: str) -> None:
    with pytest.raises(kue.InvalidOption) as refused:
        kue.Queue(redis=URL, job_defaults=defaults)
    assert str(refused.value).startswith(message)
    with kue.Queue(redis=URL, job_defaults={"attempts": 2}) as queue:
        with pytest.raises(kue.InvalidOption) as refused:
            queue.configure(job_defaults=defaults)
        assert str(refused.value).startswith(message)
        assert options(queue) == {"attempts": 2}


def test_configure_changes_what_is_given_for_jobs_that_are_created_later() -> None:
    with kue.Queue(redis=URL, job_defaults={"attempts": 2}, job_flags={"email": {"ttl": 500}}) as queue:
        before = queue.create("email")
        assert queue.configure(job_defaults={"attempts": 5}) is queue
        assert options(queue) == {"attempts": 5, "ttl": 500}
        queue.configure(job_flags={"pdf": {"ttl": 900}})
        assert (options(queue), options(queue, "pdf")) == ({"attempts": 5}, {"attempts": 5, "ttl": 900})
        queue.configure(job_flags=None, job_defaults=None)
        assert options(queue, "pdf") == {}
        assert before.options == {"attempts": 2, "ttl": 500}
        assert queue.options.job_flags == {} and queue.options.job_defaults == {}
        queue.configure()
        assert options(queue, "pdf") == {}


def test_reset_goes_back_to_what_the_queue_was_made_with() -> None:
    with kue.Queue(redis=URL, job_defaults={"attempts": 2}, job_flags={"email": {"ttl": 500}}) as queue:
        made_with = queue.options
        queue.configure(job_defaults={"attempts": 5}).configure(job_flags={"pdf": {"ttl": 900}})
        assert queue.options != made_with
        assert queue.reset() is queue
        assert queue.options == made_with and options(queue) == {"attempts": 2, "ttl": 500}
        assert queue.reset().options == made_with


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"lease": 500}, kue.InvalidOption, "lease is fixed when the queue is made; configure takes job_flags, "),
        ({"redis": URL}, kue.InvalidOption, "redis is fixed when the queue is made; configure takes job_flags, "),
        ({"jobFlags": {}}, kue.UnknownOption, "there is no queue option 'jobFlags' (Kue's jobFlags is job_flags here)"),
        ({"flags": {}}, kue.UnknownOption, "there is no queue option 'flags'; configure takes job_flags, job_defaults"),
    ],
    ids=str,
)
def test_configure_takes_no_other_options(given: Any, kind: type[Exception], message: str) -> None:
    with kue.Queue(redis=URL) as queue:
        with pytest.raises(kind) as refused:
            queue.configure(job_defaults={"attempts": 5}, **given)
        assert type(refused.value) is kind and str(refused.value).startswith(message)
        assert options(queue) == {}


def test_create_queue_accepts_what_the_queue_was_made_with_and_what_it_has_now() -> None:
    create_queue = ProcessWide(kue.Queue).create_queue
    with create_queue(redis=URL, job_defaults={"attempts": 2}) as queue:
        assert create_queue(job_defaults={"attempts": 2}) is queue
        with pytest.raises(kue.InvalidOption, match=r"has the job_defaults \{'attempts': 2\}, and create_queue was"):
            create_queue(job_defaults={"attempts": 3})
        queue.configure(job_defaults={"attempts": 5})
        assert create_queue(job_defaults={"attempts": 2}) is queue is create_queue(job_defaults={"attempts": 5})
        with pytest.raises(kue.InvalidOption, match=r"has the job_defaults \{'attempts': 5\}, and create_queue was"):
            create_queue(job_defaults={"attempts": 3})
        assert create_queue(job_defaults={"attempts": 5}).create("email").attempts() == 5


def test_create_queue_of_kue_send_takes_hot_jobs_when_it_is_called_again() -> None:
    create_queue = ProcessWide(kue_send.Queue).create_queue
    flags: dict[str, kue.JobOptionsDict] = {"email": {"hotjob": True}}
    with create_queue(redis=URL, job_flags=flags) as queue:
        assert create_queue(job_flags=flags) is queue


@pytest.mark.parametrize("make", [kue.Queue, kue_send.Queue])
def test_a_job_option_cron_names_every(make: Any) -> None:
    expected = "there is no job option 'cron' (recurring jobs are made with queue.every(when, job)); there are priority"
    with make(redis=URL) as queue:
        for use in (
            lambda: queue.create("email", cron="* * * * *"),
            lambda: queue.configure(job_defaults={"cron": "* * * * *"}),
        ):
            with pytest.raises(kue.UnknownOption) as refused:
                use()
            assert str(refused.value).removeprefix("job_defaults: ").startswith(expected)
