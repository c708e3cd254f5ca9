"""A signal handler may interrupt a call at any point: to save a job itself, or to raise an exception."""

from typing import Any

import pytest

from tests.integration.script import run_script

pytestmark = pytest.mark.slow

# A number takes long to format if it has so many digits, so the signal comes while a command is packed.
RAISES = """
    import signal

    class Interrupted(Exception):
        pass

    def interrupt(number, frame):
        global busy
        if busy:
            busy = False
            raise Interrupted

    sys.unraisablehook = lambda problem: None  # the signal may come inside a __del__, where an exception ends
    busy, caught = False, 0
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    while caught < 200:
        try:
            busy = True
            queue.runtime.store.connections.run([("ECHO", *[10**4000] * 20)])
            busy = False
        except Interrupted:
            caught += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    job = queue.create("email").save()
    tell(caught=caught, saved=queue.inactive() == [job.id])
    queue.shutdown()
"""


def test_an_exception_from_a_signal_handler_inside_a_call_ends_only_that_call(redis_url: str, client: Any) -> None:
    assert run_script(redis_url, RAISES) == [{"caught": 200, "saved": True}]


SAVES = """
    import signal

    def new():
        return queue.create("email").on("complete", lambda result: None)

    def save(number, frame):
        global inside
        if not inside:  # or one handler would interrupt the other without end
            inside = True
            saved.append(new().save())
            inside = False

    inside, saved = False, []
    signal.signal(signal.SIGALRM, save)
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
    own = [new().save() for _ in range(1000)]
    signal.setitimer(signal.ITIMER_REAL, 0)
    ids = {job.id for job in own + saved}
    tell(interrupted=len(saved) > 100, different=len(ids) == len(own + saved), found=ids == set(queue.inactive()))
    queue.shutdown()
"""


def test_a_signal_handler_saves_a_job_while_its_thread_saves_one_with_listeners(redis_url: str, client: Any) -> None:
    """The first save, which starts the subscription, is interrupted as well."""
    assert run_script(redis_url, SAVES) == [{"interrupted": True, "different": True, "found": True}]
