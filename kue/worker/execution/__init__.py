"""Calls handlers: on threads of their own, on the event loop, or on the I/O thread."""
