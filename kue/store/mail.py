"""What the script `cancel` writes about a run: the field `py_cancel` of its job, and a mail to its process.

The field is the worker id, a line break and the error. The mail is the same with the word `cancel` before it.
"""

from __future__ import annotations

from typing import Any

from kue.store import codec

KEPT_MS = 600_000
"""How long mail is kept after the last one came."""
_CANCEL = "cancel "


def cancelled_run(field: Any) -> tuple[str, str]:
    """The worker id of the run that the field names, and the error; both "" if it is none."""
    if not isinstance(field, bytes):
        return "", ""
    worker, _, error = codec.text(field).rpartition("\n")
    return worker, error


def cancelled_by_mail(mail: Any) -> tuple[str, str]:
    """As `cancelled_run`, of a mail. Mail of another kind, which a newer release may send, counts as none."""
    if not isinstance(mail, bytes) or not mail.startswith(_CANCEL.encode()):
        return "", ""
    return cancelled_run(mail.removeprefix(_CANCEL.encode()))
