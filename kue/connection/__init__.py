"""Connections to Redis, without knowledge of jobs: the address, one connection, the pool, the embedded server."""
