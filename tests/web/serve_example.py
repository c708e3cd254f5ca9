"""Serves the app of an example that mounts ours, on a free port that it prints: `python serve_example.py NAME asgi`."""

import socket
import sys
from importlib import import_module
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import uvicorn


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        """Not to stderr."""


def main(name: str, interface: str) -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent.parent / "examples"))
    example = import_module(name)
    if hasattr(example, "make_users"):
        example.make_users()
    if interface == "wsgi":
        server = make_server("127.0.0.1", 0, example.application, handler_class=Quiet)
        print(server.server_port, flush=True)
        server.serve_forever()
    else:
        listening = socket.create_server(("127.0.0.1", 0))
        print(listening.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(example.application, log_level="warning")).run([listening])


main(*sys.argv[1:])
