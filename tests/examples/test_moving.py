"""The guide on moving a queue: its script copies everything or refuses, and its steps for replication work."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

import kue
from kue.doctor import examine
from kue.store.keys import KEYS, LOCKS
from tests.examples.markdown import DOCS, section
from tests.examples.running import environment
from tests.examples.test_code import BY_REPLICATION
from tests.helpers import keyspace, wait_until
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

GUIDE = DOCS / "guides" / "moving.md"
PARTS = {"id": "7", "type": "e-mail \u00e9", "state": "inactive", "process": "kue:host:1-a"}
PARTS |= {"name": "nightly", "key": "order:7", "slot": "m", "start": "1700003700", "code": "EML"}
CONTENT = {
    "string": lambda client, key: client.set(key, b"\xff 17"),
    "hash": lambda client, key: client.hset(key, mapping={"data": '{"caf\u00e9":1}'}),
    "list": lambda client, key: client.rpush(key, "1", "1"),
    "set": lambda client, key: client.sadd(key, "email", "sms"),
    "zset": lambda client, key: client.zadd(key, {"01|7": -5.0}),
}
TTL = 90_000  # ms

Move = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def target() -> Iterator["redis.Redis"]:
    """A client of a second, empty Redis."""
    with RedisServer() as server, server.client() as client:
        yield client


def url_of(client: "redis.Redis") -> str:
    settings = client.connection_pool.connection_kwargs
    return f"redis://{settings['host']}:{settings['port']}"


@pytest.fixture
def move(client: "redis.Redis", tmp_path: Path) -> Move:
    """Runs the script of the guide from the Redis at `client`."""
    script = tmp_path / "move_queue.py"
    script.write_text(section(GUIDE, "Copy with the script").files[script.name])

    def run(old: str, new: str, target: "redis.Redis | None" = None) -> "subprocess.CompletedProcess[str]":
        settings = environment(url_of(client)) | ({} if target is None else {"KUE_TARGET_URL": url_of(target)})
        command = [sys.executable, str(script), old, new]
        return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=False)

    return run


def seed_every_key(client: "redis.Redis", prefix: str) -> list[str]:
    """Write one key for each row of the table of keys, and return those that got a time to live."""
    mortal = []
    for number, row in enumerate(row for row in KEYS.values() if row.kind != "channel"):
        key = row.template.format(P=prefix, **PARTS)
        CONTENT[row.kind](client, key)
        if number % 2:
            client.pexpire(key, TTL)
            mortal.append(key)
    return mortal


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same Redis", "another Redis"])
@pytest.mark.parametrize("old", ["q", "{q}", "a*[b]"])
def test_every_key_of_a_prefix_is_copied_under_its_new_name_with_its_time_to_live(
    move: Move, client: "redis.Redis", target: "redis.Redis", old: str, elsewhere: bool
) -> None:
    mortal = seed_every_key(client, old)
    client.mset({f"{old}:search:word": "Node's index", f"{old}q:ids": 1, "abb:ids": 1, "other": 1})
    client.mset({lock.template: "token" for lock in LOCKS.values()})
    before = keyspace(client)
    moved = move(old, "shop", target if elsewhere else None)
    assert (moved.returncode, moved.stdout) == (0, "1 of 1 jobs are under shop\n"), moved.stderr

    copied = {f"shop{key.removeprefix(old)}": value for key, value in before.items() if key.startswith(f"{old}:")}
    assert len(copied) == len([row for row in KEYS.values() if row.kind != "channel"]) + 1
    assert keyspace(client) == (before if elsewhere else before | copied)
    after = target if elsewhere else client
    assert keyspace(after, "shop:*") == copied
    lives = {key: after.pttl(key) for key in copied}
    assert {key for key, life in lives.items() if life != -1} == {f"shop{key.removeprefix(old)}" for key in mortal}
    assert all(TTL - 60_000 < life <= TTL for life in lives.values() if life != -1)


def test_more_keys_than_a_page_are_copied(move: Move, client: "redis.Redis", target: "redis.Redis") -> None:
    with kue.Queue(redis=url_of(client)) as queue:
        queue.save_all([queue.create("email", {"n": number}) for number in range(1000)])
        queue.create("email").delay(3_600_000).save().log("a line")
    moved = move("q", "q", target)
    assert (moved.returncode, moved.stdout) == (0, "1001 of 1001 jobs are under q\n"), moved.stderr
    assert keyspace(target) == keyspace(client)
    with kue.Queue(redis=url_of(target)) as queue:
        assert examine(queue, grace=0).is_clean
        assert queue.create("email").save().id == 1002


@pytest.mark.parametrize(
    ("seed", "complaint"),
    [
        (lambda client: None, "there must be one queue under q, not: none"),
        (lambda client: client.sadd("q:eu:job:types", "email"), "there must be one queue under q, not: q, q:eu"),
        (lambda client: client.set("shop:ids", 1), "the target already has keys under shop"),
        (
            lambda client: client.zadd("q:py:workers", {"kue:host:1-a": 2e12, "kue:host:2-b": 1}),
            "stop kue:host:1-a; if it was killed, wait until its lease has run out",
        ),
    ],
    ids=["no queue", "two queues", "a target that is not empty", "a worker"],
)
def test_the_script_refuses_what_would_end_badly_and_writes_nothing(
    move: Move, client: "redis.Redis", seed: Callable[["redis.Redis"], object], complaint: str
) -> None:
    if "none" not in complaint:
        client.sadd("q:job:types", "email")
    seed(client)
    before = keyspace(client)
    refused = move("q", "shop")
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", f"{complaint}\n")
    assert keyspace(client) == before


@pytest.mark.parametrize("arguments", [[], ["q"], ["q", "shop", "more"]])
def test_the_script_shows_how_it_is_called_if_the_prefixes_are_missing(
    move: Move, client: "redis.Redis", tmp_path: Path, arguments: list[str]
) -> None:
    command = [sys.executable, str(tmp_path / "move_queue.py"), *arguments]
    shown = subprocess.run(
        command, env=environment(url_of(client)), capture_output=True, text=True, timeout=60, check=False
    )
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr.startswith("Copies a queue: python move_queue.py PREFIX NEW_PREFIX\n")
    assert "Traceback" not in shown.stderr


def test_the_doctor_reports_the_copied_jobs_of_a_killed_worker_and_repairs_them(
    move: Move, client: "redis.Redis"
) -> None:
    with kue.Queue(redis=url_of(client)) as queue:
        queue.create("email").save().set("workerId", "kue:host:1-abcdef011:email:1").active()
    moved = move("q", "shop")
    assert moved.returncode == 0, moved.stderr
    command = [sys.executable, "-m", "kue", "doctor", "--prefix", "shop", "--grace", "0"]
    settings = environment(url_of(client)) | {"COLUMNS": "200"}
    outcomes = []
    for more in ([], ["--fix"], []):
        done = subprocess.run([*command, *more], env=settings, capture_output=True, text=True, timeout=60, check=False)
        outcomes.append((done.returncode, "has no lease" in done.stdout))
    assert outcomes == [(1, True), (0, True), (0, False)]


def test_a_queue_that_is_in_use_meanwhile_is_reported(move: Move, client: "redis.Redis") -> None:
    client.sadd("q:job:types", "email")
    stop = threading.Event()

    def publish() -> None:
        while not stop.wait(0.01):
            client.publish("q:events", '{"id":1,"event":"enqueue","args":["enqueue","email"]}')

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        moved = move("q", "shop")
    finally:
        stop.set()
        thread.join()
    assert (moved.returncode, moved.stdout) == (1, "")
    assert moved.stderr == "q is in use: stop what uses it, delete what is under shop, begin again\n"


@pytest.fixture(params=["no passwords", "passwords"])
def old_and_new(request: pytest.FixtureRequest) -> Iterator[tuple[RedisServer, RedisServer]]:
    """Two servers, both without a password or each with its own."""
    old, new = ("", "") if request.param == "no passwords" else ("old-secret", "new-secret")
    with RedisServer(password=old) as old_server, RedisServer(password=new) as new_server:
        yield old_server, new_server


def test_the_steps_for_replication_bring_everything_to_the_new_server(
    old_and_new: tuple[RedisServer, RedisServer],
) -> None:
    old, new = old_and_new
    client, target = old.client(), new.client()
    give_password, begin, end = [step.code for step in section(GUIDE, BY_REPLICATION).steps if step.kind == "sh"]

    passwords = {"REDISCLI_AUTH": new.password, "OLD_PASSWORD": old.password} if old.password else {}

    def carry_out(code: str) -> str:
        code = code.replace("old.example.com 6379", f"127.0.0.1 {old.port}")
        code = code.replace("-h new.example.com", f"-h 127.0.0.1 -p {new.port}")
        assert "example.com" not in code
        done = subprocess.run(
            ["bash", "-euc", code], env=os.environ | passwords, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return done.stdout

    with kue.Queue(redis=old.url) as queue:
        queue.create("email", {"to": "tj@example.com"}).save()
        if old.password:
            assert carry_out(give_password).strip() == "OK"
        began = carry_out(begin)
        assert began.startswith("OK\n") and "\nmaster_link_status:" in began
        wait_until(lambda: target.info("replication")["master_link_status"] == "up", 60)
        queue.create("email").delay(3_600_000).save()  # the old server is in use until the stop
    wait_until(
        lambda: target.info("replication")["slave_repl_offset"] == client.info("replication")["master_repl_offset"], 60
    )
    assert carry_out(end).strip() == "OK"
    assert target.info("replication")["role"] == "master"
    assert keyspace(target) == keyspace(client) != {}
    with kue.Queue(redis=new.url) as queue:
        assert examine(queue, grace=0).is_clean
        assert queue.create("email").save().id == 3
