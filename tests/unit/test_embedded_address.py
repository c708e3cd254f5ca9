"""Addresses that ask for an embedded server."""

from typing import Any

import pytest

from kue.connection.address import embedded_directory
from kue.errors import InvalidURL


@pytest.mark.parametrize(
    ("given", "directory"),
    [
        ("embedded:", ""),
        ("embedded://", ""),
        ("embedded:///var/lib/kue", "/var/lib/kue"),
        ("embedded:///with%20space", "/with space"),
        ("redis://box", None),
        ("embedded", None),
        (None, None),
        ({"host": "box"}, None),
        (5, None),
    ],
)
def test_an_embedded_address_names_its_directory(given: Any, directory: str | None) -> None:
    assert embedded_directory(given) == directory


def test_the_environment_may_ask_for_an_embedded_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUE_REDIS_URL", "embedded:///data")
    assert embedded_directory(None) == "/data"
    assert embedded_directory("redis://box") is None


@pytest.mark.parametrize("given", ["embedded:data", "embedded:/data", "embedded://data", "embedded://host/data"])
def test_an_embedded_address_with_anything_but_a_path_is_refused(given: str) -> None:
    with pytest.raises(InvalidURL) as refused:
        embedded_directory(given)
    assert str(refused.value) == f"redis={given!r} cannot be read; use embedded: or embedded:///directory"


def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUE_REDIS_URL", "embedded:data")
    with pytest.raises(InvalidURL) as refused:
        embedded_directory(None)
    assert str(refused.value) == "KUE_REDIS_URL='embedded:data' cannot be read; use embedded: or embedded:///directory"
