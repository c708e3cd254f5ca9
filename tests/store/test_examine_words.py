"""The script `examine_words`: members of the zset of a code that have no such code, or no job."""

from kue.store.indexing import IndexingCommands
from tests.store.conftest import Place
from tests.store.words import indexed
from tests.store.world import job, world


def test_what_only_the_code_has_is_found(place: Place) -> None:
    codes = {"q:search:word:HL": {"2": 1.0, "3": 1.0, "x": 1.0}, "q:search:object:4": ["poison"]}
    place.seed(before := world(job(1), indexed(1, HL=1), job(2), indexed(5, HL=1), codes))
    command = IndexingCommands(place.keys).examine_words("HL", ["1", "2", "3", "4", "5", "x"])
    place.check(command, reply=[["2", "object"], ["3", "job"], ["x", "job"]], after=before)
