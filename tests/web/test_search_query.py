"""What is typed into the search box: an id, words, quoted texts and fields; and how a path in the data is looked at."""

import pytest

from kue.errors import InvalidOption
from kue.web.read_model.matching import has_at
from kue.web.read_model.search_query import Query, read_search


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("48213", Query(id=48213)),
        (" #48213 ", Query(id=48213)),
        ("0", Query(words=("0",))),
        ("48213 x", Query(words=("48213", "x"))),
        ("welcome ana", Query(words=("welcome", "ana"))),
        ('"welcome ana"', Query(texts=("welcome ana",))),
        ('"not closed', Query(texts=("not closed",))),
        ("data.to:ana@", Query(fields=(("to", "ana@"),))),
        ('data.order.note:"two words"', Query(fields=(("order.note", "two words"),))),
        ("error:refused", Query(error="refused")),
        ('type:"video conversion" x', Query(words=("x",), type="video conversion")),
        ("type:a:b", Query(type="a:b")),
        ("type:email type:sms", Query(type="sms")),
        ("worker:kue:host:7", Query(worker="kue:host:7")),
        ("other:thing", Query(words=("other:thing",))),
        ("data.:x", Query(words=("data.:x",))),
        ('type:""', Query()),
        ("", Query()),
    ],
)
def test_a_text_is_read(text: str, expected: Query) -> None:
    assert read_search(text) == expected


@pytest.mark.parametrize("text", ["x" * 1001, " ".join("abcdefghijklmnopq")])
def test_a_text_that_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="the text to look for must have at most"):
        read_search(text)


@pytest.mark.parametrize(
    ("raw", "path", "text", "expected"),
    [
        (b'{"to":"Ana@example.com"}', "to", "ana@", True),
        (b'{"cc":"ana@example.com"}', "to", "ana@", False),
        (b'{"a":{"b":["x","ana"]}}', "a.b", "ana", True),
        (b'{"a.b":"ana"}', "a.b", "ana", True),
        (b'{"a":{"b":17}}', "a.b", "17", True),
        (b'{"a":null}', "a.b", "null", False),
        (b'["ana"]', "to", "ana", False),
        (b"ana, no JSON", "to", "ana", False),
        (b'{"to":"J\\u00f6rg"}', "to", "jörg", True),
        (None, "to", "ana", False),
    ],
)
def test_a_text_is_looked_for_at_a_path_of_the_data(raw: bytes | None, path: str, text: str, expected: bool) -> None:
    assert has_at(raw, path, text) is expected
