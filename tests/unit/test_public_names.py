"""The public names of kue are loaded when they are first used, and all of them exist."""

import json
import subprocess
import sys
import textwrap

import pytest

import kue
from kue import doctor


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


@pytest.mark.parametrize(("former", "name"), [("mend", "repair"), ("Mended", "Repaired")])
def test_a_name_that_the_doctor_had_before_still_works_with_a_warning(former: str, name: str) -> None:
    with pytest.warns(DeprecationWarning, match=rf"kue\.doctor\.{former} is now kue\.doctor\.{name}"):
        assert getattr(doctor, former) is getattr(doctor, name)
    with pytest.raises(AttributeError, match=r"module 'kue\.doctor' has no attribute 'nothing'"):
        _ = doctor.nothing
