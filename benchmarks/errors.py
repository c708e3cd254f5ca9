"""What goes wrong in a benchmark."""


class BenchmarkError(Exception):
    """A measured process failed, or jobs did not add up: the figures would be worthless."""
