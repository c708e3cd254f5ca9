"""Connections to Redis: the address, one connection, the pool, the embedded server."""
