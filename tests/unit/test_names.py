"""A name counts by its text and a number by its value, whatever classes they have."""

from enum import Enum
from typing import Any

import pytest

from kue.common.names import plain_text
from kue.options.job import read_option
from kue.options.queue import QueueOptions
from kue.options.values import read_choice, read_key_part, read_name, read_number, read_state, read_type, read_whole


class Name(str, Enum):  # noqa: UP042 - the form that str() does not give the text of
    """As many programs write it: str() of a member is `Name.EMAIL`."""

    EMAIL = "email"
    HIGH = "high"
    FIXED = "fixed"
    FAILED = "failed"
    EMPTY = ""


class Number(int, Enum):
    FIVE = 5


class Shouting(str):
    def __str__(self) -> str:
        return self.upper()

    def __format__(self, spec: str) -> str:
        return self.upper()


NAMES: list[Any] = [Name.EMAIL, Shouting("email")]


@pytest.mark.parametrize("name", NAMES)
def test_the_plain_text_of_a_name_is_a_string_and_nothing_more(name: Any) -> None:
    assert f"{name}" != "email"
    assert (plain_text(name), type(plain_text(name))) == ("email", str)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "read",
    [
        read_type,
        lambda name: read_name("name", name),
        lambda name: read_key_part("prefix", name),
        lambda name: read_choice("name", name, ("email", "pdf")),
        lambda name: QueueOptions.read(prefix=name).prefix,
        lambda name: next(iter(QueueOptions.read(job_flags={name: {}}).job_flags)),
        lambda name: read_option("search_keys", name)[0],
        lambda name: read_option("search_keys", [name])[0],
    ],
)
def test_every_check_of_a_name_gives_its_plain_text(read: Any, name: Any) -> None:
    assert (read(name), type(read(name))) == ("email", str)


def test_a_state_a_priority_and_a_backoff_type_may_be_members_of_an_enum() -> None:
    assert type(read_state(Name.FAILED)) is str
    assert read_state(Name.FAILED) == "failed"
    assert read_option("priority", Name.HIGH) == -10
    assert str(read_option("backoff", {"type": Name.FIXED})) == "{'type': 'fixed'}"


@pytest.mark.parametrize("read", [read_type, read_state])
def test_an_empty_name_is_refused_whatever_its_class(read: Any) -> None:
    with pytest.raises(ValueError, match=r"not <Name\.EMPTY: ''>"):
        read(Name.EMPTY)


@pytest.mark.parametrize(
    "read",
    [
        lambda number: read_whole("n", number, least=0),
        lambda number: read_number("n", number),
        lambda number: read_option("attempts", number),
        lambda number: read_option("priority", number),
        lambda number: read_option("ttl", number),
        lambda number: QueueOptions.read(lease=100 * number, ghost_retries=number).ghost_retries,
    ],
)
def test_every_check_of_a_number_gives_a_plain_number(read: Any) -> None:
    assert (read(Number.FIVE), type(read(Number.FIVE))) == (5, int)
