"""The public names of kue are loaded when they are first used, and all of them exist."""

import copy
import json
import subprocess
import sys
import textwrap

import pytest

import kue
import kue_send
from kue import doctor

QUEUE = kue.Queue(redis="redis://127.0.0.1:1")  # makes no connection
JOB = QUEUE.create("email")
QUEUE.shutdown()


def in_a_fresh_process(code: str) -> object:
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_importing_kue_loads_no_redis_py_and_no_event_loop() -> None:
    loaded = in_a_fresh_process("import kue\nprint(json.dumps([name for name in sys.modules]))")
    assert isinstance(loaded, list)
    assert not {"redis", "asyncio", "pyee", "kue.queue.queue"} & set(loaded)


@pytest.mark.slow
def test_each_name_that_is_loaded_later_may_be_the_first_to_be_used() -> None:
    names = ["Context", "Job", "Queue", "Worker", "create_queue", "current_job"]
    # Each in a child of a process in which nothing was used yet.
    code = f"""
        import os
        import kue
        before = set(sys.modules)
        codes = {{}}
        for name in {names}:
            child = os.fork()
            if not child:
                fresh = "kue.queue.queue" not in before
                os._exit(0 if fresh and getattr(kue, name) is not None else 1)
            codes[name] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps(codes))
    """
    assert in_a_fresh_process(textwrap.dedent(code)) == dict.fromkeys(names, 0)


@pytest.mark.slow
def test_a_star_import_brings_all_public_names() -> None:
    found = in_a_fresh_process("from kue import *\nprint(json.dumps(sorted(globals())))")
    assert isinstance(found, list) and set(kue.__all__) <= set(found)


@pytest.mark.slow
def test_a_job_class_knows_the_queue_of_the_process_however_it_was_loaded() -> None:
    assert in_a_fresh_process("import kue\nprint(json.dumps(kue.Queue.job_class.default_queue is not None))") is True
    assert kue.Job is kue.Queue.job_class


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'kue' has no attribute 'nothing'"):
        kue.nothing  # type: ignore[attr-defined]  # noqa: B018
    assert dir(kue) == sorted(kue.__all__)


JOB_SAYS, QUEUE_SAYS = "'Job' object", "'Queue' object"
KUE_NAMES = [
    (kue, "module 'kue'", "createQueue", "Kue's createQueue is create_queue here"),
    (kue, "module 'kue'", "version", "version is kue.__version__ here"),
    (kue, "module 'kue'", "Promise", "Promise is a part of kue_send: import kue_send as kue"),
    (kue_send, "module 'kue_send'", "createQueue", "Kue's createQueue is create_queue here"),
    (kue.Job, "type object 'Job'", "rangeByState", "Kue's rangeByState is range_by_state here"),
    (kue.Job, "type object 'Job'", "nothing", ""),
    (JOB, JOB_SAYS, "removeOnComplete", "Kue's removeOnComplete is remove_on_complete here"),
    (JOB, JOB_SAYS, "toJSON", "Kue's toJSON is to_json here"),
    (JOB, JOB_SAYS, "workerId", "Kue's workerId is worker_id here"),
    (JOB, JOB_SAYS, "refreshTtl", "refreshTtl is not needed here: progress() and update() do it"),
    (JOB, JOB_SAYS, "promise", "promise is a part of kue_send: import kue_send as kue"),
    (JOB, JOB_SAYS, "send", "send is a part of kue_send: import kue_send as kue"),
    (JOB, JOB_SAYS, "nothing", ""),
    (QUEUE, QUEUE_SAYS, "createJob", "Kue's createJob is create_job here"),
    (QUEUE, QUEUE_SAYS, "cardByType", "Kue's cardByType is card_by_type here"),
    (QUEUE, QUEUE_SAYS, "promote", "promote is not needed here: processes that work do it by themselves"),
    (QUEUE, QUEUE_SAYS, "nothing", ""),
    (QUEUE.test_mode, "'TestMode' object", "processQueue", "processQueue is processing here"),
]


@pytest.mark.parametrize(("owner", "says", "name", "hint"), KUE_NAMES, ids=[f"{row[1]} {row[2]}" for row in KUE_NAMES])
def test_a_name_that_only_kue_has_raises_an_error_that_gives_ours(
    owner: object, says: str, name: str, hint: str
) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(owner, name)
    assert str(refused.value) == f"{says} has no attribute {name!r}{hint and f'; {hint}'}"
    assert not hasattr(owner, name)
    assert isinstance(owner, type) or name not in dir(owner)


@pytest.mark.parametrize(
    "owner", [kue.Job, kue.Queue, kue_send.Job, kue_send.Queue, kue.Schedule, type(QUEUE.test_mode)]
)
def test_no_class_of_kue_makes_python_look_up_its_attributes_the_slow_way(owner: type) -> None:
    """A `__getattr__` would: CPython then specialises no access to the attributes, of which each job has many."""
    assert not hasattr(owner, "__getattr__") and "__getattribute__" not in {
        name for base in owner.__mro__[:-1] for name in vars(base)
    }


def test_a_job_and_its_copy_have_the_same_fields() -> None:
    assert copy.copy(JOB).__dict__ == JOB.__dict__


@pytest.mark.parametrize(("former", "name"), [("mend", "repair"), ("Mended", "Repaired")])
def test_a_name_that_the_doctor_had_before_still_works_with_a_warning(former: str, name: str) -> None:
    with pytest.warns(DeprecationWarning, match=rf"kue\.doctor\.{former} is now kue\.doctor\.{name}"):
        assert getattr(doctor, former) is getattr(doctor, name)
    with pytest.raises(AttributeError, match=r"module 'kue\.doctor' has no attribute 'nothing'"):
        _ = doctor.nothing
