"""Whether Redis may delete keys by itself: if its memory is full, jobs are lost then, or become half jobs.

- asks for the policy by which it does
- reads the reply, and says in words what the policy does
"""

from __future__ import annotations

import re

from kue.connection.connection import Command

_HARMLESS = "noeviction"
_POLICY = re.compile(rb"^maxmemory_policy:([\w-]+)", re.MULTILINE)


def ask_policy() -> Command:
    """The command whose reply names the policy. Limited users and hosted servers may be refused it."""
    return ("INFO", "memory")


def harmful_policy(reply: object) -> str:
    """The policy that a reply names, if keys may be lost by it; otherwise, or if the reply names none, ""."""
    found = _POLICY.search(reply) if isinstance(reply, bytes) else None
    policy = found[1].decode() if found else _HARMLESS
    return "" if policy == _HARMLESS else policy


def warning(policy: str) -> str:
    """What such a policy does, and what to do."""
    return (
        f"the maxmemory-policy of Redis is {policy}: once its memory is full it deletes keys, and with them jobs; "
        f"set it to {_HARMLESS}"
    )
