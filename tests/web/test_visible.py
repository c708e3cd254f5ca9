"""Text from Redis is shown so that nothing in it is hidden or read in another order.

The scripts of the pages show it in the same way: scripts/visible.json has the cases for both.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kue.web.visible import log_line, one_line, visible

CASES = json.loads((Path(__file__).parent / "scripts" / "visible.json").read_text())


@pytest.mark.parametrize(("text", "shown"), CASES["visible"])
def test_what_is_invisible_is_shown_as_its_code(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(("text", "shown"), CASES["oneLine"])
def test_a_text_of_one_line_has_no_breaks(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize(("text", "shown"), CASES["logLine"])
def test_a_line_of_a_log_loses_the_colours_of_terminals_only(text: str, shown: str) -> None:
    assert log_line(text) == shown


@given(st.text())
def test_what_is_shown_is_printable_and_stays_so(text: str) -> None:
    shown = visible(text)
    assert all(
        character.isprintable() or character in "\n\t\u200c\u200d\u3000" or character.isspace() for character in shown
    )
    assert visible(shown) == shown
