"""What became of an operation, in words. The script says the same: outcome.test.js has the same cases."""

import json
from pathlib import Path
from typing import Any

import pytest

from kue.web.many import NotDone
from kue.web.operations import Operation
from kue.web.pages.operation_words import outcome

CASES = json.loads((Path(__file__).parent / "scripts" / "outcomes.json").read_text())


@pytest.mark.parametrize(("given", "words"), CASES, ids=[words for _, words in CASES])
def test_an_operation_is_told_in_a_sentence(given: dict[str, Any], words: str) -> None:
    fields = {**given, "named": [NotDone(1, reason) for reason in given.get("reasons", ())]}
    del fields["action"], fields["total"]
    fields.pop("reasons", None)
    assert outcome(Operation("1", given["action"], given["total"], 0, **fields)) == words
