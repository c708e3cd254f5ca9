"""Reads what the observer needs of the hashes of jobs, many in a round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.pool import refusal
from kue.connection.reply_text import is_wrong_kind
from kue.observer.tally import FIELDS, GONE, Row
from kue.store.live import LiveCommands
from kue.store.store import Store


def read_rows(store: Store, ids: Sequence[int]) -> dict[int, Row]:
    """What Redis has of each job: `GONE` if there is no hash. Raises `ConnectionFailed` or `RedisRefused`."""
    commands = LiveCommands(store.keys)
    replies = store.ask([commands.fields(id, FIELDS) for id in ids])
    return {id: _row(reply) for id, reply in zip(ids, replies, strict=True)}


def _row(reply: Any) -> Row:
    if not isinstance(reply, ResponseError):
        return Row(*reply)
    if is_wrong_kind(reply):
        return GONE
    raise refusal(reply) from reply
