"""Jobs that carry the name of this process and that it does not hold, because the reply to a take was lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from redis.exceptions import ResponseError

from kue.connection.connection import Connection
from kue.store import codec, scripts
from kue.store.keys import ids_of
from kue.store.store import Store


def put_back_orphans(
    connection: Connection, store: Store, types: Sequence[str], stem: str, held: Collection[str]
) -> int:
    """Put back the active jobs whose worker id begins with `stem` and is not among those held; how many there were."""
    count = 0
    for type in types:
        zids = connection.exchange([("ZRANGE", store.keys.type_state(type, "active"), 0, -1)])[0]
        if isinstance(zids, ResponseError) or not zids:
            continue
        ids = ids_of(zids)
        owners = connection.exchange([("HGET", store.keys.job(id), "workerId") for id in ids])
        lost = [
            store.transitions.requeue(id, codec.text(owner), type, store.clock())
            for id, owner in zip(ids, owners, strict=True)
            if isinstance(owner, bytes) and codec.text(owner).startswith(stem) and codec.text(owner) not in held
        ]
        if lost:
            count += sum(
                not isinstance(reply, ResponseError) and reply[0] == 1 for reply in scripts.run(connection, lost)
            )
    return count
