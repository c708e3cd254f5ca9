"""The queue that users create: it creates jobs, runs workers, passes on events and counts."""

from kue.queue.queue import Queue

__all__ = ["Queue"]
