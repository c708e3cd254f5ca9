"""Events and promises between two releases: each hears what the other's workers publish."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kue_send
from tests.crash.conftest import Watched
from tests.crash.process import ROOT
from tests.helpers import wait_until
from tests.servers import RedisServer

CALLER = """
import json, sys, kue_send as kue
queue = kue.Queue(redis=sys.argv[1])
heard = []
def ask(data, **options):
    job = queue.create("email", data, **options)
    for event in ("progress", "page", "failed", "complete", "remove"):
        job.on(event, lambda *args, event=event: heard.append([event, *args]))
    try:
        return job.promise(20_000).result()
    except kue.JobFailed as problem:
        return problem.message
results = [ask("good"), ask("bad"), ask("good", remove_on_complete=True), ask("sent")]
queue.shutdown()
print(json.dumps([results, heard]))
"""
WORKER = """
import logging, sys, kue_send as kue
logging.getLogger("kue.run").disabled = True  # it says that a job failed
queue = kue.Queue(redis=sys.argv[1])
@queue.process("email")
def work(job):
    job.progress(1, 2)
    job.send("page", [1])
    if job.data == "bad":
        raise ValueError("boom")
    if job.data == "sent":
        job.send("result", "early")
    return {"ok": True}
print("ready", flush=True)
sys.stdin.read()
queue.shutdown()
"""
OK = {"ok": True}
SAID = [["progress", 50, None], ["page", [1]]]
HEARD = [*SAID, ["complete", OK], *SAID, ["failed", "boom"], *SAID, ["complete", OK], *SAID, ["complete", OK]]


def start(root: Path, source: str, server: RedisServer) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", source, server.url]
    environment = os.environ | {"PYTHONPATH": str(root)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=root, env=environment, text=True, **pipes)


@pytest.mark.parametrize("order", ["a promise here, a worker before", "a promise before, a worker here"])
def test_promises_and_listeners_get_what_a_worker_of_the_other_release_does(
    previous: Path, server: RedisServer, order: str
) -> None:
    caller_root, worker_root = (ROOT, previous) if order.startswith("a promise here") else (previous, ROOT)
    with start(worker_root, WORKER, server) as worker:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
        with start(caller_root, CALLER, server) as caller:
            out, err = caller.communicate(timeout=60)
        assert err == ""
        results, heard = json.loads(out)
        _, err = worker.communicate(timeout=30)
        assert err == ""
    assert results == [OK, "boom", OK, "early"]
    assert heard == HEARD


def test_a_result_that_json_cannot_hold_is_kues_note_to_the_release_before(
    previous: Path, server: RedisServer, queue: Watched
) -> None:
    """It knows neither the further keys of the message nor the field of the hash."""
    worker = kue_send.Queue(redis=server.url)
    worker.process("email", lambda job: {1, 2})
    with start(previous, CALLER.replace('[ask("good"), ask("bad"),', "[ask(1)] or ["), server) as caller:
        out, err = caller.communicate(timeout=60)
    worker.shutdown(1000)
    note = {"error": True, "message": 'Invalid JSON Result: "{1, 2}"'}
    assert (json.loads(out), err) == ([[note], [["complete", note]]], "")
    wait_until(lambda: queue.complete_count() == 1)
