"""The queue: creates jobs, runs workers, tells events and counts."""

from kue.queue.queue import Queue

__all__ = ["Queue"]
