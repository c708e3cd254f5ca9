"""Which refusals are transient, as redis-py hands them over: with the code on their head, or without."""

import pytest
from redis._parsers.base import BaseParser

from kue.connection.pool import is_transient, refusal

PASSING = ["LOADING", "READONLY", "OOM", "MISCONF", "BUSY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS"]
LASTING = ["ERR", "WRONGTYPE", "NOPERM", "NOSCRIPT", "CROSSSLOT", "EXECABORT"]


@pytest.mark.parametrize("code", PASSING + LASTING)
def test_a_refusal_is_judged_by_its_code(code: str) -> None:
    reply = BaseParser.parse_error(f"{code} some words")
    assert is_transient(reply) == refusal(reply).transient == (code in PASSING)


@pytest.mark.parametrize("code", PASSING)
def test_a_code_inside_a_reply_counts_as_well(code: str) -> None:
    assert is_transient(BaseParser.parse_error(f"ERR Error running script: {code} some words"))
