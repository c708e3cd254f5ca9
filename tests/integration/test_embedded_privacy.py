"""Other users of the machine reach neither an embedded server nor its data."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import redis

import kue
from kue.connection.embedded import GUARDIAN, EmbeddedServer
from tests.integration.test_embedded import answers, client

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PASSWORD = "p@ss w/o:r'd\"#\\é"


def socket_of(server: EmbeddedServer) -> Path:
    assert server.url.startswith("unix:///")
    return Path(unquote(urlsplit(server.url).path))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(directory: Path) -> dict[str, str]:
    """The files and folders in a directory that anyone but their owner may use."""
    return {str(path): oct(mode(path)) for path in directory.rglob("*") if mode(path) & 0o077}


def command_lines() -> bytes:
    """The command lines of all processes, which every user can read."""
    found = b""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                found += (process / "cmdline").read_bytes()
            except OSError:  # it has ended meanwhile
                continue
    return found


# the socket


def test_a_server_listens_on_a_socket_in_a_folder_that_only_its_user_may_enter() -> None:
    with EmbeddedServer() as server, client(server.url) as connection:
        path = socket_of(server)
        assert connection.config_get("port") == {"port": "0"}
        assert (mode(path), mode(path.parent)) == (0o700, 0o700)
        assert open_to_others(path.parent) == {}
    assert not path.parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("kept", [False, True])
def test_another_user_cannot_connect(tmp_path: Path, kept: bool) -> None:
    with EmbeddedServer(str(tmp_path / "data") if kept else None) as server:
        child = os.fork()
        if child == 0:
            try:
                os.setgid(65534)
                os.setuid(65534)
                os._exit(1 if answers(server.url) else 0)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert answers(server.url)


@pytest.mark.parametrize("name", ["x" * 80, "with space and ? and # and %41"])
def test_a_server_starts_even_if_the_place_of_temporary_files_is_long_or_odd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / name))
    with EmbeddedServer() as server, kue.Queue(redis=server.url) as queue:
        assert queue.create("email").save().id == 1
        path = socket_of(server)
        assert path.is_socket() and len(str(path)) < 104
    assert not path.parent.exists()
    assert list((tmp_path / name).iterdir()) == []


def test_a_directory_of_data_may_have_a_long_path(tmp_path: Path) -> None:
    directory = tmp_path / ("x" * 200)
    for _ in range(2):
        with kue.Queue(redis=f"embedded://{directory}") as queue:
            job = queue.create("email").save()
    assert job.id == 2


def test_the_processes_of_a_queue_share_its_socket(tmp_path: Path) -> None:
    """As its own client, forked children, and programs that it starts."""
    with kue.Queue(redis="embedded:") as queue:
        queue.create("email").save()
        assert queue.client.get("q:ids") == b"1"
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if queue.create("email").save().id == 2 else 1)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        url = f"unix://{queue.client.connection_pool.connection_kwargs['path']}"
        program = "import kue; print(kue.create_queue().create('email').save().id)"
        environment = os.environ | {"KUE_REDIS_URL": url, "PYTHONPATH": str(ROOT)}
        ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
        assert ended.stdout == b"3\n"


# files


def save_jobs(directory: Path) -> None:
    with kue.Queue(redis=f"embedded://{directory}") as queue:
        queue.save_all([queue.create("email", "secret") for _ in range(10)])


def test_only_its_user_can_read_the_data_of_a_server(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        save_jobs(tmp_path / "made" / "data")
    finally:
        os.umask(before)
    assert mode(tmp_path / "made" / "data") == 0o700
    assert open_to_others(tmp_path / "made") == {}
    assert {path.name for path in (tmp_path / "made" / "data").iterdir()} >= {"appendonlydir", "kue.lock", "valkey.log"}


def open_up(directory: Path) -> None:
    """As an earlier version left it."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_data_that_an_earlier_version_left_readable_becomes_private(tmp_path: Path) -> None:
    save_jobs(tmp_path / "data")
    open_up(tmp_path / "data")
    save_jobs(tmp_path / "data")
    assert mode(tmp_path / "data") == 0o700
    assert len(list((tmp_path / "data" / "appendonlydir").iterdir())) >= 3
    assert open_to_others(tmp_path / "data") == {}


def test_a_directory_that_holds_other_things_keeps_its_mode(tmp_path: Path) -> None:
    """It may be a home, or the folder of temporary files."""
    save_jobs(tmp_path)
    (tmp_path / "page.html").touch()
    (tmp_path / "pages").mkdir()
    open_up(tmp_path)
    save_jobs(tmp_path)
    assert (mode(tmp_path), mode(tmp_path / "page.html"), mode(tmp_path / "pages")) == (0o755, 0o644, 0o755)
    assert [mode(tmp_path / name) for name in ("appendonlydir", "kue.lock", "valkey.log")] == [0o700, 0o600, 0o600]
    assert open_to_others(tmp_path / "appendonlydir") == {}


def test_a_link_to_data_elsewhere_changes_no_mode_there(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "elsewhere" / "page.html").touch(mode=0o644)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "appendonlydir").symlink_to(tmp_path / "elsewhere")
    save_jobs(tmp_path / "data")
    assert (mode(tmp_path / "elsewhere"), mode(tmp_path / "elsewhere" / "page.html")) == (0o755, 0o644)


# the port


def test_a_port_asks_for_a_password_that_no_command_line_shows() -> None:
    with EmbeddedServer(port=0) as server:
        parts = urlsplit(server.url)
        assert parts.password and len(parts.password) >= 32
        with redis.Redis(port=parts.port or 0) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert answers(server.url)
        assert parts.password.encode() not in command_lines()


def test_the_password_of_a_port_may_be_given() -> None:
    with EmbeddedServer(port=0, password=PASSWORD) as server, client(server.url) as connection:
        assert connection.connection_pool.connection_kwargs["password"] == PASSWORD
        assert connection.ping()
        assert connection.config_get("requirepass") == {"requirepass": PASSWORD}


def test_a_port_may_go_without_a_password() -> None:
    with EmbeddedServer(port=0, password="") as server:
        assert server.url == f"redis://127.0.0.1:{urlsplit(server.url).port}"
        assert answers(server.url)


def test_a_guardian_whose_owner_ends_before_it_has_sent_the_password_ends_too() -> None:
    read, write = os.pipe()
    guardian = subprocess.Popen([sys.executable, "-I", str(GUARDIAN), "", "true"], stdin=read)
    os.close(read)
    os.write(write, b"half a sett")
    os.close(write)
    assert guardian.wait(20) == 1
