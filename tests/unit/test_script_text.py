"""The loader puts before a script exactly what it needs: shared files once and in order, and no unused function."""

import re

import pytest

from kue.store.script_text import in_order, without_unused_functions

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


SCRIPT = """local P = ARGV[1]
local function key_a() return P .. 'a' end
local function key_b() return P .. 'b' end
-- shared: a file.
-- Needs: other.

-- What `leaf` is for; it calls unused().
local function leaf(x)
  if x then return key_a() end

  return nil
end

-- Goes with its comment.
local function unused(x)
  return key_b() .. leaf()
end

local LIMIT = 5

local function branch()
  return pcall(leaf, LIMIT)
end

-- script: says 'unused' and key_b() in a comment.
local function own() return branch() end
return own() .. 'unused' .. 'key_b()'
"""


def test_a_function_that_is_never_called_is_left_out_and_so_is_what_only_it_calls() -> None:
    kept = without_unused_functions(SCRIPT)
    assert set(re.findall(r"local function (\w+)", kept)) == {"key_a", "leaf", "branch", "own"}
    assert "Goes with its comment" not in kept
    assert kept.count("\n") == SCRIPT.count("\n") - 5


def test_all_other_lines_stay_as_they_are() -> None:
    kept = without_unused_functions(SCRIPT).splitlines()
    lines = iter(SCRIPT.splitlines())
    assert all(line in lines for line in kept)
    assert "local LIMIT = 5" in kept
