"""The script `drop_broken`: a job whose hash cannot be a job's leaves every index that can be known."""

import pytest

from kue.options.values import STATES
from tests.store.conftest import Place
from tests.store.world import NO_ZIDS, TYPES, World, gone, job, token_list, without, world


def broken(state: str = "inactive", type: str = "email") -> World:
    return without(job(1, state, type, log=["one"]), "q:job:1")


@pytest.mark.parametrize("state", STATES)
def test_a_job_without_a_hash_leaves_the_indexes_of_its_type(place: Place, state: str) -> None:
    place.seed(broken(state))
    left = world(gone(), token_list("email", state == "inactive"))
    place.check(place.scripts.drop_broken(1, ["email"]), reply=1, after=left)


def test_where_the_type_is_not_known_its_index_stays(place: Place) -> None:
    place.seed(broken("failed"))
    left = {"q:jobs:email:failed": {"01|1": 0.0}}
    place.check(place.scripts.drop_broken(1, []), reply=1, after=world(gone(), left))


HASHES = {
    "no type": {"q:job:1": {"state": "failed", "data": "{}"}},
    "an empty type": {"q:job:1": {"type": "", "state": "failed"}},
    "no hash at all": {"q:job:1": ["poison"]},
    "a string": {"q:job:1": "poison"},
}


@pytest.mark.parametrize("hash", HASHES.values(), ids=HASHES)
def test_what_is_left_of_the_hash_goes_too(place: Place, hash: World) -> None:
    place.seed(world(broken("failed"), hash))
    place.check(place.scripts.drop_broken(1, ["email"]), reply=1, after=gone())


def test_a_broken_job_leaves_every_state_it_was_listed_in(place: Place) -> None:
    place.seed(world(*(broken(state) for state in STATES), job(2)))
    place.check(place.scripts.drop_broken(1, ["email"]), reply=1, after=job(2, tokens=2))


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_cleaned_up(place: Place, type: str) -> None:
    place.seed(broken("delayed", type))
    place.check(place.scripts.drop_broken(1, [type]), reply=1, after=gone(type))


@pytest.mark.parametrize("type", ["", "email", "pdf"])
def test_a_job_that_has_a_type_after_all_stays(place: Place, type: str) -> None:
    place.seed(job(1))
    place.check(place.scripts.drop_broken(1, [type]), reply=0, after=job(1))


def test_the_store_drops_it_from_the_indexes_of_every_type(place: Place) -> None:
    place.seed(world(broken("failed"), broken("active", "pdf"), without(broken("delayed", "sms"), "q:job:types")))
    place.store.drop_broken([1], "sms")
    assert place.world() == world(gone(), gone("pdf"))


@pytest.mark.parametrize("member", NO_ZIDS)
def test_a_member_that_is_no_zid_leaves_every_index_and_harms_no_job(place: Place, member: str) -> None:
    place.seed(world(job(7), {key: {member: 0.0} for key in ("q:jobs", "q:jobs:active", "q:jobs:email:failed")}))
    place.check(place.scripts.drop_broken(member, ["email"]), reply=1, after=job(7))


@pytest.mark.parametrize(
    "fields", [{"py_unique": "order:7"}, {"data": '{"unique":"order:7"}'}], ids=["Python's", "Node's"]
)
def test_a_broken_job_lets_its_unique_key_go(place: Place, fields: dict[str, str]) -> None:
    keys = {"q:unique:jobs": {"order:7": "1", "order:8": "2"}}
    place.seed(world(broken("failed"), {"q:job:1": {"state": "failed", **fields}}, keys))
    left = world(gone(), {"q:unique:jobs": {"order:8": "2"}})
    place.check(place.scripts.drop_broken(1, ["email"]), reply=1, after=left)
