"""The error of a benchmark."""


class BenchmarkError(Exception):
    """A measured process failed, or the jobs did not add up, so that the figures mean nothing."""
