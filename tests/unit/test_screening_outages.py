"""Messages in doubt while Redis is away, and at the end of the subscription."""

from kue.errors import ConnectionFailed, ConnectionRestored
from tests.unit.test_screening import OTHER, Scene, scene  # noqa: F401 (fixtures)


def test_an_outage_is_reported_once_and_the_messages_wait_until_redis_is_back(scene: Scene) -> None:
    watcher = scene.watch(must_settle=True)
    scene.place.server.connected = False
    scene.say("complete")
    for _ in range(3):
        scene.answer()
        scene.place.time.pass_by(1)
    assert watcher.got == []
    scene.place.server.connected = True
    scene.answer()
    assert watcher.got == ["complete"]
    assert [type(problem) for problem in scene.place.told] == [ConnectionFailed, ConnectionRestored]


def test_the_last_messages_are_decided_before_the_end(scene: Scene) -> None:
    watcher, successor = scene.watch(must_settle=True), scene.watch(2, must_settle=True)
    scene.place.job(2, "complete", created_at=str(OTHER))
    scene.say("complete")
    scene.say("complete", id=2)
    scene.screening.finish()
    assert watcher.got == ["complete"] and successor.got == []
    scene.screening.finish()


def test_the_end_comes_although_redis_is_away(scene: Scene) -> None:
    watcher = scene.watch(must_settle=True)
    scene.place.server.connected = False
    scene.say("complete")
    scene.screening.finish()
    assert watcher.got == []
    scene.place.told.clear()
