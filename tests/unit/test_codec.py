"""JSON as it goes to Redis: compact, exact, and refused with the path of what JSON cannot hold."""

import datetime
import decimal
import enum
import itertools
import json
import re
from collections import OrderedDict, UserDict
from typing import Any, NamedTuple

import pytest

from kue.errors import InvalidJobData
from kue.store.codec import decode, encode, text, text_bytes

NAN, INFINITY = float("nan"), float("inf")
DEFAULTS = [None, repr]  # json_default: none, and one that would give a text


class Colour(enum.IntEnum):
    RED = 1


class Point(NamedTuple):
    x: int
    y: int


class Text(str):
    pass


class Plain:
    def __repr__(self) -> str:
        return "<plain>"


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, b"null"),
        (True, b"true"),
        (False, b"false"),
        (0, b"0"),
        (-7, b"-7"),
        (2**70, b"1180591620717411303424"),
        (1.5, b"1.5"),
        (1e100, b"1e+100"),
        (-0.0, b"-0.0"),
        ("", b'""'),
        ('a"b\\c\n\t\0', rb'"a\"b\\c\n\t\u0000"'),
        ("caf\u00e9 \U0001f680", '"caf\u00e9 \U0001f680"'.encode()),
        ([], b"[]"),
        ({}, b"{}"),
        ((1, (2,)), b"[1,[2]]"),
        ({"a": [1, {"b": None}], "c": "d"}, b'{"a":[1,{"b":null}],"c":"d"}'),
        ({"": {"": 0}}, b'{"":{"":0}}'),
        (OrderedDict(b=1, a=2), b'{"b":1,"a":2}'),
        (Point(1, 2), b"[1,2]"),
        ([Colour.RED], b"[1]"),
        ({Text("key"): Text("value")}, b'{"key":"value"}'),
        (Colour.RED, b"1"),
    ],
)
def test_a_value_that_json_can_hold_is_written_compactly(value: Any, written: bytes) -> None:
    assert [encode(value, "data", default) for default in DEFAULTS] == [written] * 2
    json.loads(written)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("\ud83d", rb'"\ud83d"'),
        ({"\udc00": ["x\ud83dy"]}, rb'{"\udc00":["x\ud83dy"]}'),
        ("\ud83d\ude80", rb'"\ud83d\ude80"'),
    ],
)
def test_half_a_surrogate_pair_is_written_as_an_escape(value: Any, written: bytes) -> None:
    assert encode(value, "data") == written
    assert encode(value, "data", repr) == written
    assert json.loads(written.decode()) == json.loads(json.dumps(value))


BAD_FLOATS = [(NAN, "nan"), (INFINITY, "inf"), (-INFINITY, "-inf")]


@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (lambda v: v, "data"),
        (lambda v: [v], "data[0]"),
        (lambda v: [1, "x", (0, v)], "data[2][1]"),
        (lambda v: {"rows": [{"price": 1.0}, {"price": v}]}, "data.rows[1].price"),
        (lambda v: {"": v}, "data."),
        (lambda v: {"a b": {"c.d": v}}, "data.a b.c.d"),
    ],
)
def test_nan_and_infinity_are_refused_wherever_they_are(wrap: Any, path: str) -> None:
    for (number, shown), default in itertools.product(BAD_FLOATS, DEFAULTS):
        with pytest.raises(InvalidJobData) as refused:
            encode(wrap(number), "data", default)
        assert refused.value.path == path
        assert str(refused.value) == f"{path}: is {shown}, which JSON does not have"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({1, 2}, "set ({1, 2})"),
        (b"raw", "bytes (b'raw')"),
        (1j, "complex (1j)"),
        (Plain(), "Plain (<plain>)"),
        (decimal.Decimal("1.5"), "Decimal (Decimal('1.5'))"),
        (datetime.date(2024, 5, 6), "date (datetime.date(2024, 5, 6))"),
        (UserDict(a=1), "UserDict ({'a': 1})"),
        (range(3), "range (range(0, 3))"),
        (Unprintable(), "Unprintable (<Unprintable whose repr raised RuntimeError>)"),
        (b"x" * 100, f"bytes (b'{'x' * 75}...)"),
    ],
)
def test_a_value_that_json_does_not_have_is_refused_and_shown(value: Any, what: str) -> None:
    for data, path in ((value, "data"), ({"a": [0, value]}, "data.a[1]")):
        with pytest.raises(InvalidJobData) as refused:
            encode(data, "data")
        assert refused.value.path == path
        assert str(refused.value) == f"{path}: is a {what}, which JSON does not have; see json_default"


@pytest.mark.parametrize("key", [1, 1.5, True, None, (1, 2), b"x", NAN, Colour.RED])
def test_a_key_that_json_would_change_is_refused(key: Any) -> None:
    bad = {"fine": 1, key: 2}
    places = [(bad, "data"), ([bad], "data[0]"), ({"a": {"b": (1, bad)}}, "data.a.b[1]")]
    for (data, path), default in itertools.product(places, DEFAULTS):
        with pytest.raises(InvalidJobData) as refused:
            encode(data, "data", default)
        assert refused.value.path == path
        assert str(refused.value) == f"{path}: has the key {key!r}, and JSON keys are strings only"


def cycle_of(kind: str) -> tuple[Any, str]:
    a: list[Any] = [1]
    b: dict[str, Any] = {"back": a}
    if kind == "itself":
        a.append(a)
        return a, "data[1]"
    if kind == "round":
        a.append(b)
        return a, "data[1].back"
    a.append(b)
    return {"top": [b]}, "data.top[0].back[1]"


@pytest.mark.parametrize("kind", ["itself", "round", "below"])
def test_a_cycle_is_refused_at_the_path_that_closes_it(kind: str) -> None:
    value, path = cycle_of(kind)
    for default in DEFAULTS:
        with pytest.raises(InvalidJobData) as refused:
            encode(value, "data", default)
        assert (refused.value.path, str(refused.value)) == (path, f"{path}: contains itself")


def test_one_object_in_two_places_is_no_cycle() -> None:
    shared = [1]
    for default in DEFAULTS:
        assert encode({"a": shared, "b": [shared, shared]}, "data", default) == b'{"a":[1],"b":[[1],[1]]}'


def nested(depth: int, core: Any) -> Any:
    value = core
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


# Around the limit of the interpreter's recursion, wherever in it encoding begins; and far beyond.
DEPTHS = [*range(900, 1000, 14), 50_000]


@pytest.mark.parametrize("default", [None, repr], ids=["no default", "a default"])
@pytest.mark.parametrize("core", [0, NAN, Plain(), {1: 2}], ids=["fine", "nan", "an object", "a key"])
def test_data_that_is_nested_too_deeply_is_refused_and_crashes_nothing(core: Any, default: Any) -> None:
    for depth in DEPTHS:
        value = nested(depth, core)
        try:
            written = encode(value, "data", default)
        except InvalidJobData as refused:
            assert refused.path.startswith("data")
        else:
            assert core == 0 or default is repr
            assert written.count(b"[") == depth // 2


def test_very_deep_data_is_named_at_its_root() -> None:
    with pytest.raises(InvalidJobData, match=r"^data: is nested too deeply for JSON$"):
        encode(nested(200_000, 0), "data")


# json_default


def iso(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, Plain):
        return {"when": datetime.date(2024, 5, 6), "rows": {3, 1}}
    raise TypeError(f"no word for {type(value).__name__}")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a":[1,2.5,null,true,"\xc3\xa9"]}', {"a": [1, 2.5, None, True, "\u00e9"]}),
        (' "x" ', "x"),
        (b"12345678901234567890123", 12345678901234567890123),
        (rb'"\ud83d"', "\ud83d"),
        ("[1.7976931348623157e308,-1e-999]", [1.7976931348623157e308, 0.0]),
    ],
)
def test_json_is_read_from_bytes_and_text(raw: bytes | str, value: Any) -> None:
    assert decode(raw) == value


@pytest.mark.parametrize(
    "raw",
    ["", "{", "nope", "NaN", "-Infinity", "[1,Infinity]", "{'a':1}", "1 2", b"\xff", b'"\xff"', "[" * 100_000],
)
def test_a_text_that_is_no_json_is_a_value_error(raw: bytes | str) -> None:
    with pytest.raises(ValueError):
        decode(raw)


@pytest.mark.parametrize("number", ["1e999999", "-1e309", "1.8e308", "9" * 400 + ".0"])
def test_a_number_that_no_float_can_hold_is_a_value_error_that_names_it(number: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"the number '{number[:30]}")):
        decode(f'{{"a":[0,{number}]}}')


def test_stored_text_is_read_whatever_its_bytes() -> None:
    assert text(b"caf\xc3\xa9") == "caf\u00e9"
    assert text(b"\xff!") == "\ufffd!"
    assert text("as it is") == "as it is"


def test_text_is_written_as_utf8_and_half_a_pair_as_an_escape() -> None:
    assert text_bytes("caf\u00e9 \U0001f680") == "caf\u00e9 \U0001f680".encode()
    assert text_bytes("x\ud83dy") == rb"x\ud83dy"
