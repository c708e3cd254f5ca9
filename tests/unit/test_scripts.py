"""The loader puts before a script what it needs: each shared file once, and after those that it needs itself."""

import re

import pytest

from kue.store.scripts import in_order

NEEDS = {"a": [], "b": ["a"], "c": ["a"], "d": ["c", "b"], "x": ["y"], "y": ["z"], "z": ["y"], "odd": ["gone"]}


@pytest.mark.parametrize(
    ("shared", "ordered"),
    [
        ([], []),
        (["a"], ["a"]),
        (["b"], ["a", "b"]),
        (["b", "a"], ["a", "b"]),
        (["b", "c"], ["a", "b", "c"]),
        (["c", "b"], ["a", "c", "b"]),
        (["d"], ["a", "c", "b", "d"]),
        (["b", "d", "b"], ["a", "b", "c", "d"]),
    ],
)
def test_shared_files_come_once_and_after_what_they_need(shared: list[str], ordered: list[str]) -> None:
    assert in_order("script", shared, NEEDS) == ordered


def test_files_that_need_each_other_are_an_error_that_names_the_circle() -> None:
    with pytest.raises(ValueError, match=re.escape("need each other in a circle: y needs z needs y")):
        in_order("script", ["x"], NEEDS)


def test_a_script_may_have_the_name_of_a_shared_file() -> None:
    assert in_order("b", ["b"], NEEDS) == ["a", "b"]


@pytest.mark.parametrize(("user", "shared"), [("script", ["a", "gone"]), ("odd", ["odd"])])
def test_an_unknown_name_is_an_error_that_names_the_file_it_stands_in(user: str, shared: list[str]) -> None:
    with pytest.raises(
        ValueError, match=re.escape(f"{user}.lua names 'gone', but there is no file lua/shared/gone.lua")
    ):
        in_order("script", shared, NEEDS)
