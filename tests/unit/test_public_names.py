"""The public names of kue: loaded when they are first used, and all there all the same."""

import json
import subprocess
import sys

import pytest

import kue


def in_a_fresh_process(code: str) -> object:
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_import_loads_no_redis_py_and_no_event_loop() -> None:
    loaded = in_a_fresh_process("import kue\nprint(json.dumps([name for name in sys.modules]))")
    assert isinstance(loaded, list)
    assert not {"redis", "asyncio", "pyee", "kue.queue.queue"} & set(loaded)


@pytest.mark.parametrize("name", ["Context", "Job", "Queue", "Worker", "create_queue", "current_job"])
def test_each_that_is_loaded_later_is_there_whichever_is_used_first(name: str) -> None:
    assert in_a_fresh_process(f"import kue\nprint(json.dumps(kue.{name} is not None))") is True


def test_a_star_import_brings_all_of_them() -> None:
    found = in_a_fresh_process("from kue import *\nprint(json.dumps(sorted(globals())))")
    assert isinstance(found, list) and set(kue.__all__) <= set(found)


def test_jobs_know_the_queue_of_the_process_however_they_were_come_by() -> None:
    assert in_a_fresh_process("import kue\nprint(json.dumps(kue.Queue.job_class.default_queue is not None))") is True
    assert kue.Job is kue.Queue.job_class


def test_a_name_that_is_not_there_is_told_as_usual() -> None:
    with pytest.raises(AttributeError, match="module 'kue' has no attribute 'nothing'"):
        kue.nothing  # type: ignore[attr-defined]  # noqa: B018
    assert dir(kue) == sorted(kue.__all__)
