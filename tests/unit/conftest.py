"""What several of the unit tests use."""

from collections.abc import Iterator

import pytest

from tests.unit.test_resync import Place


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.store.connections.close()
    place.client.close()
