"""The script `add_tokens`: puts back the tokens a type is missing."""

import pytest

from kue.errors import RedisRefused
from tests.store.conftest import Place
from tests.store.world import TYPES, World, job, token_list, world


def jobs(count: int, type: str = "email") -> World:
    return world(*(job(id, type=type, tokens=0) for id in range(1, count + 1)))


@pytest.mark.parametrize(
    ("waiting", "tokens", "added"), [(3, 0, 3), (3, 2, 1), (3, 3, 0), (2, 5, 0), (0, 0, 0), (0, 2, 0)]
)
def test_tokens_are_added_up_to_the_number_of_waiting_jobs_and_none_is_taken_away(
    place: Place, waiting: int, tokens: int, added: int
) -> None:
    place.seed(world(jobs(waiting), token_list("email", tokens)))
    place.check(
        place.scripts.add_tokens("email"),
        reply=added,
        after=world(jobs(waiting), token_list("email", tokens + added)),
    )


def test_a_thousand_at_a_time(place: Place) -> None:
    waiting = {"q:jobs:email:inactive": {f"04|{id}": 0.0 for id in range(1000, 3500)}}
    place.seed(waiting)
    added = [place.run(place.scripts.add_tokens("email")) for _ in range(4)]
    assert added == [1000, 1000, 500, 0]
    assert place.world() == world(waiting, token_list("email", 2500))


def test_only_waiting_jobs_of_the_type_count(place: Place) -> None:
    before = world(job(1, "active"), job(2, "delayed"), job(3, type="pdf", tokens=0))
    place.seed(before)
    place.check(place.scripts.add_tokens("email"), reply=0, after=before)


@pytest.mark.parametrize("type", TYPES)
def test_any_type_gets_its_own(place: Place, type: str) -> None:
    place.seed(jobs(2, type))
    place.check(place.scripts.add_tokens(type), reply=2, after=world(jobs(2, type), token_list(type, 2)))


@pytest.mark.parametrize("poison", [{"q:email:jobs": "x"}, {"q:jobs:email:inactive": "x"}])
def test_a_key_of_another_kind_is_refused_and_nothing_is_written(place: Place, poison: World) -> None:
    before = world({"q:jobs:email:inactive": {"01|1": 0.0}}, poison)
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(place.scripts.add_tokens("email"))
    assert place.world() == before
