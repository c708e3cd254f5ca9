"""A patient: a seeded keyspace with a queue on it whose clock stands still."""

from collections.abc import Iterator
from typing import Any

import pytest

import kue
from kue.doctor import Repaired, Report, examine, repair
from tests.conftest import Backend
from tests.store.conftest import Place
from tests.store.world import NOW, World


class Patient(Place):
    """A place with a queue. Checks and repairs do not wait, unless told how."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.queue = kue.Queue(redis=backend.redis, prefix=backend.prefix)
        self.queue.runtime.store.clock = lambda: NOW

    def examine(self, **options: Any) -> Report:
        return examine(self.queue, **{"grace": 0, **options})

    def repair(self, report: Report, **options: Any) -> list[Repaired]:
        return repair(self.queue, report, **{"grace": 0, **options})

    def findings(self, **options: Any) -> list[str]:
        """What the doctor says, as if the prefix were `q`."""
        return [self.shown(finding) for finding in self.examine(**options).findings]

    def shown(self, finding: object) -> str:
        return str(finding).replace(self.backend.prefix + ":", "q:")

    def is_clean(self, world: World) -> bool:
        """Whether nothing is found, and nothing changed by looking."""
        report = self.examine()
        return report.is_clean and not report.is_full and self.world() == world

    def close(self) -> None:
        self.queue.shutdown(0)
        super().close()


@pytest.fixture
def patient(backend: Backend) -> Iterator[Patient]:
    patient = Patient(backend)
    yield patient
    patient.close()
