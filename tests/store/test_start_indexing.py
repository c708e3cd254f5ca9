"""The script `start_indexing`: the hashes of jobs tell that their words are to be written."""

from kue.store.indexing import IndexingCommands
from tests.store.conftest import Place
from tests.store.world import job, without, world


def test_every_job_gets_the_token_and_what_is_no_job_does_not(place: Place) -> None:
    odd = world(without(job(3), "q:job:3/type"), {"q:job:4": ["no hash"]})
    place.seed(world(job(1), job(2, py_reindex="old"), odd))
    command = IndexingCommands(place.keys).start_indexing("new", [1, 2, 3, 4, 5])
    place.check(command, reply=["1", "2"], after=world(job(1, py_reindex="new"), job(2, py_reindex="new"), odd))


def test_only_an_indexing_that_is_known_is_started_again(place: Place) -> None:
    place.seed(before := world(job(1), job(2, py_reindex="other"), job(3, py_reindex="known")))
    command = IndexingCommands(place.keys).start_indexing("new", [1, 2, 3], "known")
    place.check(command, reply=["3"], after=world(before, {"q:job:3": {"py_reindex": "new"}}))
