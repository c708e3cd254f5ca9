"""Finds and repairs what is inconsistent under a prefix, with `examine(queue)` and `repair(queue, report)`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from kue.doctor.examination import Report, examine
from kue.doctor.findings import Finding
from kue.doctor.repairer import Repaired, repair

__all__ = ["Finding", "Repaired", "Report", "examine", "repair"]
_FORMER_NAMES = {"Mended": Repaired, "mend": repair}

if not TYPE_CHECKING:  # a type checker must report the former names

    def __getattr__(name: str) -> Any:
        """The names before version 0.2. The release after that removes them."""
        if name not in _FORMER_NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        renamed = _FORMER_NAMES[name]
        warnings.warn(f"kue.doctor.{name} is now kue.doctor.{renamed.__name__}", DeprecationWarning, stacklevel=2)
        return renamed
