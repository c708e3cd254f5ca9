"""A flag: set by one thread and waited for by another, or by a handler that interrupted either."""

import threading

from kue.common.flag import Flag


def test_a_flag_that_is_set_ends_a_wait() -> None:
    flag, ended = Flag(), threading.Event()
    waiting = threading.Thread(target=lambda: flag.wait(60) and ended.set())
    waiting.start()
    flag.set()
    assert ended.wait(10) and flag.is_set()
    waiting.join(10)


def test_a_flag_that_is_not_set_ends_a_wait_at_its_timeout() -> None:
    flag = Flag()
    assert not flag.wait(0) and not flag.is_set()
    flag.set()
    flag.clear()
    assert not flag.wait(0)


def test_a_thread_that_holds_the_lock_can_use_the_flag() -> None:
    flag, ended = Flag(), threading.Event()

    def interrupted() -> None:
        with flag._changed:  # as in the middle of a wait
            flag.set()
            assert flag.wait(60)
            ended.set()

    threading.Thread(target=interrupted, daemon=True).start()
    assert ended.wait(10)
