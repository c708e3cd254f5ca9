"""Signatures are read though Python's own parser fails now and then beside another thread."""

import inspect
from typing import Any

import pytest

from kue.common.signature import signature


def test_a_signature_is_read_again_if_the_parser_failed_beside_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, failures = inspect.signature, [SystemError("AST constructor recursion depth mismatch")] * 3

    def fails_at_first(*args: Any, **options: Any) -> inspect.Signature:
        if failures:
            raise failures.pop()
        return plain(*args, **options)

    monkeypatch.setattr(inspect, "signature", fails_at_first)
    assert list(signature([].append).parameters) == ["object"]


def test_another_system_error_is_raised_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **options: Any) -> inspect.Signature:
        raise SystemError("broken")

    monkeypatch.setattr(inspect, "signature", fails)
    with pytest.raises(SystemError, match="broken"):
        signature(len)
