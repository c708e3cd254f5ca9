"""Finds and mends what is inconsistent under a prefix, in use or at rest: `examine(queue)`, `mend(queue, report)`."""

from kue.doctor.examination import Report, examine
from kue.doctor.findings import Finding
from kue.doctor.repair import Mended, mend

__all__ = ["Finding", "Mended", "Report", "examine", "mend"]
