"""The script `mend_word`: the two directions of one entry of the index agree afterwards."""

import pytest

from kue.store.indexing import IndexingCommands
from tests.store.conftest import Place
from tests.store.words import indexed
from tests.store.world import World, job, world

BY_WORD: World = {"q:search:word:HL": {"1": 2.0}}
BY_OBJECT: World = {"q:search:object:1": {"HL": 2.0}}


@pytest.mark.parametrize(
    ("before", "remove", "reply", "after"),
    [
        (BY_WORD, False, "added", indexed(1, HL=2)),
        (BY_OBJECT, False, "added", indexed(1, HL=2)),
        (BY_WORD, True, "removed", {}),
        (BY_OBJECT, True, "added", indexed(1, HL=2)),
        (indexed(1, HL=2), True, 0, indexed(1, HL=2)),
        ({}, False, 0, {}),
    ],
)
def test_an_entry_of_a_job_is_in_both_directions_or_in_none(
    place: Place, before: World, remove: bool, reply: object, after: World
) -> None:
    other = indexed(2, HL=1)
    place.seed(world(job(1), other, before))
    command = IndexingCommands(place.keys).mend_word("HL", "1", remove=remove)
    place.check(command, reply=reply, after=world(job(1), other, after))


@pytest.mark.parametrize("before", [BY_WORD, BY_OBJECT, world(BY_WORD, BY_OBJECT)])
def test_an_entry_of_a_job_that_is_gone_goes(place: Place, before: World) -> None:
    place.seed(before)
    place.check(IndexingCommands(place.keys).mend_word("HL", "1"), reply="removed", after={})
