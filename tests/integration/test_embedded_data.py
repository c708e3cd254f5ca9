"""The embedded server keeps the data of its folder, which is open in one server at a time."""

import os
import signal
from pathlib import Path

import pytest

from kue.connection import embedded
from kue.connection.embedded import EmbeddedServer
from kue.errors import ConnectionFailed
from tests.guardian import quick_guardian
from tests.integration.test_embedded import answers, client, owner, process_id

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["data", "with space 'and' \"quotes\" é"])
def test_data_survives_a_killed_owner(tmp_path: Path, name: str) -> None:
    directory = tmp_path / "made" / name
    with owner(str(directory)) as (process, url):
        with client(url) as connection:
            for number in range(1000):
                connection.rpush("list", number)
        process.kill()
    with EmbeddedServer(str(directory)) as server, client(server.url) as connection:
        assert connection.llen("list") == 1000
        assert connection.config_get("append*")["appendfsync"] == "everysec"
    assert "ready to exit" in (directory / "valkey.log").read_text()  # it was not killed: it wrote all it had


def test_a_server_starts_once_its_data_is_loaded(tmp_path: Path) -> None:
    with EmbeddedServer(str(tmp_path)) as server, client(server.url) as connection:
        connection.eval("for i = 1, 300000 do redis.call('set', 'key:' .. i, i) end", 0)
    with EmbeddedServer(str(tmp_path)) as server, client(server.url) as connection:
        assert connection.dbsize() == 300000


def test_a_server_without_append_only_keeps_no_data(tmp_path: Path) -> None:
    for _ in range(2):
        with EmbeddedServer(str(tmp_path), append_only=False) as server, client(server.url) as connection:
            assert connection.incr("count") == 1


@pytest.fixture
def impatient(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that this process starts wait less long for a folder that is locked."""
    monkeypatch.setattr(embedded, "GUARDIAN", quick_guardian(tmp_path_factory.mktemp("guardian")))


def test_a_directory_is_open_in_one_server_at_a_time(tmp_path: Path, impatient: None) -> None:
    with owner(str(tmp_path)) as (_, url):
        with pytest.raises(ConnectionFailed, match=f"{tmp_path} is in use by another embedded server"):
            EmbeddedServer(str(tmp_path)).start()
        assert answers(url)


def test_a_directory_stays_locked_even_by_a_server_that_lost_its_guardian(tmp_path: Path, impatient: None) -> None:
    server = EmbeddedServer(str(tmp_path))
    server.start()
    orphan = process_id(server.url)
    assert server._guardian is not None
    server._guardian.kill()
    server.stop()
    try:
        with pytest.raises(ConnectionFailed, match="in use"):
            EmbeddedServer(str(tmp_path)).start()
    finally:
        os.kill(orphan, signal.SIGKILL)


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConnectionFailed, match=r"did not start.*file"):
        EmbeddedServer(str(tmp_path / "file" / "data")).start()
