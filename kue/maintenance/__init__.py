"""Periodic duties, each a small object with `run_once(now)`, driven by one ticker thread in processes that work."""
