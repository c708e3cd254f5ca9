"""A forked child can be told from its parent without asking the system."""

import os

from kue.common.forks import forks


def counted_in_child() -> int:
    """What a forked child counts, and what its own child counts, as one number."""
    child = os.fork()
    if child == 0:
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(forks.count)
        _, status = os.waitpid(grandchild, 0)
        os._exit(10 * forks.count + os.waitstatus_to_exitcode(status))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def test_each_forked_child_counts_one_fork_more_than_its_parent() -> None:
    before = forks.count
    assert counted_in_child() == 10 * (before + 1) + before + 2
    assert forks.count == before
