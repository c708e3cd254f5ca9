"""Periodic duties of processes that work: each an object with `run_once(now)`, which one ticker thread calls."""
