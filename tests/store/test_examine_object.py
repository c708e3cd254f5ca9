"""The script `examine_object`: codes of a job whose zsets do not list it."""

from kue.store.indexing import IndexingCommands
from tests.store.conftest import Place
from tests.store.words import indexed
from tests.store.world import job, world


def test_codes_that_only_the_job_has_are_found(place: Place) -> None:
    place.seed(before := world(job(1), indexed(1, HL=1), {"q:search:object:1": {"MN": 1.0}}))
    place.check(IndexingCommands(place.keys).examine_object("1", ["HL", "MN"]), reply=[["MN", "word"]], after=before)


def test_of_a_job_that_is_gone_that_alone_is_told(place: Place) -> None:
    place.seed(before := {"q:search:object:1": {"MN": 1.0}})
    place.check(IndexingCommands(place.keys).examine_object("1", ["MN"]), reply=[["", "job"]], after=before)
