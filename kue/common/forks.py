"""Counts the forks that led to this process, so that it can be told what a process has inherited from its parent.

To ask the system for the number of the process would take longer than all else that such a question needs.
"""

from __future__ import annotations

import os


class _Forks:
    """`count` grows in each forked child, before anything of that child runs."""

    count = 0

    def _after_fork(self) -> None:
        self.count += 1


forks = _Forks()
os.register_at_fork(after_in_child=forks._after_fork)
