"""Calling handlers: on threads, on the event loop, inline."""
