"""Text from Redis is shown so that nothing in it is hidden or read in another order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kue.web.visible import log_line, one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc\u202egpj", "abc⟨U+202E⟩gpj"),
        ("a\x00b\x7f", "a⟨U+0000⟩b⟨U+007F⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("pass\u200bword\u2060\ufeff", "pass⟨U+200B⟩word⟨U+2060⟩⟨U+FEFF⟩"),
        ("a\u200db", "a⟨U+200D⟩b"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Zoë 图", "Zoë 图"),
        ("<b>&amp;", "<b>&amp;"),
    ],
)
def test_what_is_invisible_is_shown_as_its_code(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_text_of_one_line_has_no_breaks() -> None:
    assert one_line("a\r\nb\nc\rd\te") == "a⏎b⏎c⏎d e"


def test_a_line_of_a_log_loses_the_colours_of_terminals_only() -> None:
    assert (
        log_line("\x1b[1;31mred\x1b[0m, \x1b[2Kcleared, \x1b]0;title\x07") == "red, cleared, ⟨U+001B⟩]0;title⟨U+0007⟩"
    )


@given(st.text())
def test_what_is_shown_is_printable_and_stays_so(text: str) -> None:
    shown = visible(text)
    assert all(
        character.isprintable() or character in "\n\t\u200c\u200d\u3000" or character.isspace() for character in shown
    )
    assert visible(shown) == shown
