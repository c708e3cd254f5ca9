"""Liveness and readiness for probes, as an orchestrator asks them over HTTP."""

import json
import os
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
queue.process("probe", 4, lambda job: None)


class Probes(BaseHTTPRequestHandler):
    """GET /live and /ready: 200 or 503, with the facts."""

    def do_GET(self):
        health = queue.health()
        self.send_response(200 if health.get(self.path.strip("/")) else 503)
        self.end_headers()
        self.wfile.write(json.dumps(health).encode())

    def log_message(self, format: str, *args: object):
        """Not to stderr."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Probes)
threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(path: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


status, facts = ask("/ready")
for _ in range(50):  # ready as soon as the worker is connected
    status, facts = ask("/ready")
    if status == 200:
        break
    threading.Event().wait(0.1)
print("ready:", status, facts)
assert (status, facts["slots"], facts["active"]) == (200, 4, 0)
assert ask("/live")[0] == 200

queue.shutdown(1000)
status, facts = ask("/ready")
print("after shutdown:", status, facts)
assert (status, facts["shutting_down"]) == (503, True)
server.shutdown()
