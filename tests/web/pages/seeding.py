"""Writes jobs for tests of lists straight to Redis: as many as one likes, in any state, with any fields."""

from typing import Any

from tests.store.world import zid

AT = 1_790_000_000_000
_AT_ONCE = 2000
_MANY = """
for id = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local zid, at = string.format('%02d|%d', #tostring(id), id), ARGV[3]
  redis.call('HSET', 'q:job:' .. id, 'type', 'email', 'state', 'failed', 'priority', id % 4, 'max_attempts', 1,
    'data', '{"title":"Job ' .. id .. '"}', 'created_at', at, 'promote_at', at, 'updated_at', at, 'failed_at', at)
  for _, key in ipairs({'q:jobs', 'q:jobs:failed', 'q:jobs:email:failed'}) do redis.call('ZADD', key, id % 4, zid) end
end
"""


def seed_many(client: Any, count: int) -> None:
    """So many failed jobs of four priorities, in much less time."""
    script = client.register_script(_MANY)
    for first in range(1, count + 1, 10_000):
        script(args=[first, min(count, first + 9_999), AT])
    client.sadd("q:job:types", "email")
    client.set("q:ids", count)


def seed(client: Any, first: int, count: int, state: str = "failed", type: str = "email", **fields: Any) -> None:
    """Jobs with the ids from `first` on. A field may be a function of the id."""
    pipe = client.pipeline(transaction=False)
    for id in range(first, first + count):
        known = {"type": type, "state": state, "priority": 0, "data": f'{{"title":"Job {id}"}}', "max_attempts": 1}
        known |= {"created_at": AT, "promote_at": AT, "updated_at": AT, "failed_at": AT}
        known |= {name: value(id) if callable(value) else value for name, value in fields.items()}
        priority = known["priority"] if isinstance(known["priority"], int) else 0
        score = known["promote_at"] if state == "delayed" else priority
        pipe.hset(f"q:job:{id}", mapping={name: value for name, value in known.items() if value is not None})
        for key in ("q:jobs", f"q:jobs:{state}", f"q:jobs:{type}:{state}"):
            pipe.zadd(key, {zid(id): score if key == "q:jobs:delayed" else priority})
        if id % _AT_ONCE == 0:
            pipe.execute()
    pipe.sadd("q:job:types", type)
    pipe.set("q:ids", first + count - 1)
    pipe.execute()
