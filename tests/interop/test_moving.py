"""A queue of both sides is moved by the script of the guide: both sides find and run every job there."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import kue
from kue.doctor import examine
from tests.examples.markdown import DOCS, section
from tests.examples.running import environment
from tests.helpers import wait_until
from tests.interop.node import NodeKue
from tests.servers import RedisServer

HOUR = 3_600_000


def move(folder: Path, old_url: str, new_url: str) -> "subprocess.CompletedProcess[str]":
    script = folder / "move_queue.py"
    script.write_text(section(DOCS / "guides" / "moving.md", "Copy with the script").files[script.name])
    settings = environment(old_url) | {"KUE_TARGET_URL": new_url}
    command = [sys.executable, str(script), "q", "shop"]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=False)


def test_both_sides_go_on_in_another_redis_under_another_prefix(
    node_kue: Callable[..., NodeKue], redis_url: str, tmp_path: Path
) -> None:
    with RedisServer() as new_server:
        node = node_kue(redis_url)
        node.process("done", behaviour="report")
        node.create("done", {"n": 1}, searchKeys=["n"])
        node.create("broken", {"n": 2})
        with kue.Queue(redis=redis_url) as queue:
            queue.process("broken", lambda job: 1 / 0)
            wait_until(lambda: (queue.complete_count(), queue.failed_count()) == (1, 1))
            queue.create("email", {"n": 3}, priority="high", attempts=3).save()
            queue.create("email", {"n": 4}, delay=HOUR).save()
        by_node = [node.create("email", {"n": 5}), node.create("email", {"n": 6}, delay=HOUR)]
        jobs = [node.get(id) for id in range(1, 7)]
        log, counts = node.log(1), node.counts()
        assert (by_node, log, counts["delayed"]) == ([5, 6], ["working on 1"], 2)
        node.shutdown()
        node.close()

        moved = move(tmp_path, redis_url, new_server.url)
        assert (moved.returncode, moved.stdout) == (0, "6 of 6 jobs are under shop\n"), moved.stderr

        node = node_kue(new_server.url, "shop", promotion={"interval": 50})
        assert (node.log(1), node.counts()) == (log, counts)
        assert [node.get(id) for id in range(1, 7)] == jobs
        with kue.Queue(redis=new_server.url, prefix="shop") as queue:
            assert examine(queue, grace=0).is_clean
            for id in (4, 6):  # one delayed job of each side is due now
                kue.Job.get(id, queue=queue).delay(1).update()
            assert queue.create("email", {"n": 7}).save().id == 7
            node.process("email")
            wait_until(lambda: queue.complete_count("email") == 5)
            assert sorted(run["data"]["n"] for run in node.runs()) == [3, 4, 5, 6, 7]
            queue.process("sms", lambda job: "sent")
            node.create("sms")
            wait_until(lambda: queue.complete_count("sms") == 1)
            node.shutdown()
            wait_until(lambda: examine(queue, grace=0).is_clean)
