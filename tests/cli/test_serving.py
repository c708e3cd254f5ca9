"""What a worker process says that it serves."""

from typing import Any

import pytest

import kue
from kue.cli.worker.serving import Serving


@pytest.mark.parametrize(
    ("types", "shared", "slots"),
    [
        (["email"], False, "email (2 slots)"),
        (["email", "pdf"], False, "email (2 slots), pdf (2 slots)"),
        (["email", "pdf"], True, "email (2 slots), pdf (2 slots)"),
    ],
)
def test_it_names_each_type_with_its_slots(redis_url: str, types: Any, shared: bool, slots: str) -> None:
    with kue.Queue(redis=redis_url) as queue:
        queue.process(types, 2, lambda job: None, shared=shared)
        assert Serving.of(queue).slots == slots
