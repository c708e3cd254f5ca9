"""A watcher that raises, as if no thread could be started, holds up no other: the next question is asked."""

from typing import Any

import pytest

from kue.events.watcher import Outcome
from tests.unit import test_resync, test_screening
from tests.unit.test_resync import Place
from tests.unit.test_screening import Scene, scene  # noqa: F401 (fixtures)


def test_jobs_are_looked_up_after_a_watcher_raised_at_its_outcome(place: Place) -> None:
    class Raising(test_resync.Watcher):
        def on_outcome(self, outcome: Outcome) -> None:
            raise RuntimeError("can't start new thread")

    for id in (1, 2):
        place.job(id, "complete")
    place.router.watch(1, Raising())
    other = place.watch(2)
    with pytest.raises(RuntimeError):
        place.resync.ask([1])
    place.resync.ask([2])
    assert other.outcomes == [Outcome("complete")]


def test_messages_are_decided_after_a_watcher_raised_at_one(scene: Scene) -> None:
    class Raising(test_screening.Watcher):
        def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
            raise RuntimeError("can't start new thread")

    scene.place.router.watch(1, Raising())
    other = scene.watch(2)
    scene.say("complete", id=1)
    with pytest.raises(RuntimeError):
        scene.answer()
    scene.say("complete", id=2)
    scene.answer()
    assert other.got == ["complete"]
