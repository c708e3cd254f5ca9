"""Puts back jobs that are active under the name of this process, but unknown to it: the reply to a take was lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Connection
from kue.store import codec, scripts
from kue.store.keys import ids_of
from kue.store.store import Store


def put_back_orphans(
    connection: Connection, store: Store, types: Sequence[str], stem: str, held: Collection[str]
) -> int:
    """Put back the active jobs whose worker id begins with `stem` and is not among `held`. Returns their number."""
    count = 0
    for type in types:
        zids = connection.exchange([store.commands.active_ids(type)])[0]
        if isinstance(zids, ResponseError) or not zids:
            continue
        ids = ids_of(zids)
        holders = connection.exchange([store.commands.holder(id) for id in ids])
        requeues = [
            store.transitions.requeue(id, worker, type, store.clock(), "the reply to its take was lost")
            for id, holder in zip(ids, holders, strict=True)
            if (worker := _worker_of(holder)).startswith(stem) and worker not in held
        ]
        if requeues:
            count += sum(
                not isinstance(reply, ResponseError) and reply[0] == 1 for reply in scripts.run(connection, requeues)
            )
    return count


def _worker_of(holder: Any) -> str:
    """The worker id in a reply to `Commands.holder`; "" if there is none, or the key is of the wrong kind."""
    return "" if isinstance(holder, ResponseError) or holder[1] is None else codec.text(holder[1])
