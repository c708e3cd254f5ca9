"""How much to read in one round trip if its size is not known: as much as fits, judged by what came before."""

from __future__ import annotations

MAX_BYTES = 1_000_000


class BatchSize:
    """The number of values to ask for next: `first` at the beginning, `most` if they are small, one if they are large.

    So a reply stays within a megabyte unless a single value is larger, or values grow suddenly.
    """

    def __init__(self, first: int, most: int) -> None:
        self.count = first
        self._most = most

    def came(self, values: int, size: int) -> None:
        """So many values came, which have so many bytes together."""
        if values:
            self.count = min(self._most, max(1, MAX_BYTES * values // max(1, size)))
