"""How to address Redis: a URL, Kue's dict, a redis-py client, the environment; and an address without a server."""

import os

import redis

import kue

first = kue.Queue(redis="embedded:")  # or embedded:///directory, which keeps its data
job = first.create("where", "am I").save()

# for the sake of the example: what a configuration file would know
path = first.client.connection_pool.connection_kwargs["path"]
os.environ["KUE_REDIS_URL"] = f"unix://{path}?db=0"

addresses: dict[str, str | kue.RedisDict | redis.Redis | None] = {
    "a URL": f"unix://{path}?db=0",  # also redis://:password@host:port/db, rediss://... (TLS)
    "Kue's dict": {"socket": path, "db": 0},  # also host, port, auth, options (redis-py's settings)
    "a client": redis.Redis(unix_socket_path=path),  # its connection settings are taken, not the client
    "the environment": None,
}
for name, address in addresses.items():
    with kue.Queue(redis=address) as queue:
        assert kue.Job.get(job.id, queue=queue).data == "am I" and queue.client.ping()  # pyright: ignore
        print("found by", name)

with kue.Queue(redis="redis://127.0.0.1:1") as nowhere:  # nothing is connected before it is needed
    try:
        nowhere.create("lost").save()
    except kue.ConnectionFailed as problem:
        print(problem)
        assert not problem.sent
    else:
        raise AssertionError("no server listens on port 1")
job.remove()
first.shutdown()
