"""How much of the limit of open files clients may use: never all of it, and never all of it for live streams."""

import pytest

from kue.web import Limits, open_files
from kue.web.serving import limits

OTHER = 64  # the connections to Redis, and what a process has open besides


@pytest.mark.parametrize(("files", "streams"), [(64, 8), (160, 16), (256, 48), (1024, 200), (10**6, 200), (None, 200)])
def test_connections_fit_and_live_streams_have_at_most_half_of_them(
    monkeypatch: pytest.MonkeyPatch, files: int | None, streams: int
) -> None:
    monkeypatch.setattr(open_files, "_limit", lambda: files)
    room = open_files.room()
    assert limits() == Limits(streams=streams)
    assert streams <= room.connections // 2
    if files is not None and files > 64:  # with fewer, not even a few connections would be left
        assert room.connections + room.backlog + OTHER <= files
