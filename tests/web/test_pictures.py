"""The pictures of the docs can be taken anew, and are small."""

from pathlib import Path

import pytest

from tests.web.pictures import FOLDER, take

pytestmark = [pytest.mark.slow, pytest.mark.node]
MAX_BYTES = 100_000


def test_the_pictures_of_the_docs_can_be_taken(tmp_path: Path) -> None:
    take(tmp_path)
    taken = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(taken) == sorted(path.name for path in FOLDER.iterdir())
    assert [
        name for name, content in taken.items() if not content.startswith(b"\x89PNG") or len(content) > MAX_BYTES
    ] == []
