"""Worker ids: which process holds a job, and which protocol that process speaks.

    kue:<host>:<pid>-<nonce>:<type>:<number of the run>
    `------- process ------'

The nonce is 8 random hexadecimal digits, and after them the number of the protocol, also hexadecimal. A nonce of just 8
digits means protocol 0, as releases before 0.2 write it.

A Node worker has `kue:<host>:<pid>:<type>:<number of the worker>`. A type may hold anything, also what looks like the
end of a process, as in `2026-11:report`. What tells the two apart is that the third part, which follows a host without
a colon, has a nonce in Python.

The protocol is the set of rules by which Python processes share a prefix: which keys say that a process is alive, and
what may be done with the jobs of one that is not. A process follows the rules of its own protocol and of all lower
ones. What a process with a higher protocol holds, it leaves alone.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from functools import lru_cache

PROTOCOL = 1
_NONCE_BYTES = 4
_NONCE_DIGITS = 2 * _NONCE_BYTES
_FORM = rf"kue:(?P<host>[^:]*):(?P<pid>[0-9]+)-[0-9a-f]{{{_NONCE_DIGITS}}}(?P<protocol>[0-9a-f]*)"
_PROCESS = re.compile(_FORM)
_WORKER = re.compile(rf"(?P<process>{_FORM}):(?P<type>.*):[0-9]+", re.DOTALL)


def new_process() -> str:
    """A name for this process that no other process has had."""
    own = f"{PROTOCOL:x}" if PROTOCOL else ""
    host = socket.gethostname().replace(":", "-")
    return f"kue:{host}:{os.getpid()}-{secrets.token_hex(_NONCE_BYTES)}{own}"


@lru_cache(maxsize=1024)
def stem_of(process: str, type: str) -> str:
    """What the worker ids of a process for a type begin with; the number of the run follows."""
    return f"{process}:{type}:"


def process_of(worker: str) -> str | None:
    """The process that a worker id names; None if it is not the id of a Python worker."""
    match = _WORKER.fullmatch(worker)
    return match and match["process"]


def is_node_worker(worker: str) -> bool:
    """Whether a worker id is that of a Node worker: of no Python worker, and not empty."""
    return worker != "" and process_of(worker) is None


def type_of(worker: str) -> str | None:
    """The type that a worker id names; None if it is not the id of a Python worker."""
    match = _WORKER.fullmatch(worker)
    return match and match["type"]


def parts_of(process: str) -> tuple[str, int, int]:
    """The host, the process number and the protocol of a process; "", 0 and 0 if it has another form."""
    match = _PROCESS.fullmatch(process)
    return (match["host"], int(match["pid"]), int(match["protocol"] or "0", 16)) if match else ("", 0, 0)


def protocol_of(process: str) -> int:
    """The protocol that a process speaks."""
    return parts_of(process)[2]


def is_newer(process: str) -> bool:
    """Whether a process speaks a higher protocol than this one, which therefore leaves its jobs and lease alone."""
    return protocol_of(process) > PROTOCOL


def lua_protocol() -> str:
    """Lua constants with which a script does the same (lua/shared/protocol.lua)."""
    return f"local PROTOCOL, NONCE_DIGITS = {PROTOCOL}, {_NONCE_DIGITS}"
