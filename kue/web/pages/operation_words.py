"""What became of an operation on many jobs, in a sentence. outcome.js says the same."""

from __future__ import annotations

from collections import Counter

from kue.web.operations import Operation
from kue.web.words import exact_count, plural

DONE = {"retry": "retried", "promote": "queued", "cancel": "cancelled", "remove": "removed"}


def outcome(operation: Operation) -> str:
    """58 of 61 jobs were retried. 3 were not: it is active (2), it was removed (1)."""
    seen = plural(operation.seen if operation.total is None else operation.total, "job")
    verb = DONE[operation.action]
    text = f"{exact_count(operation.done)} of {seen} {'was' if operation.done == 1 else 'were'} {verb}."
    if operation.state == "running":
        text = f"{exact_count(operation.seen)} of {seen} so far: {exact_count(operation.done)} {verb}."
    elif operation.state == "stopped":
        text += " It was stopped."
    elif operation.state == "failed":
        text += f" It broke off: {operation.error}."
    if operation.not_done:
        reasons = Counter(one.reason for one in operation.named).most_common()
        listed = ", ".join(f"{reason} ({exact_count(count)})" for reason, count in reasons)
        text += f" {exact_count(operation.not_done)} {'was' if operation.not_done == 1 else 'were'} not: {listed}."
    return text
