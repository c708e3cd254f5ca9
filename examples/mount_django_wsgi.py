"""Kue's API under a prefix of a Django project that is served by WSGI; a2wsgi translates.

To install: pip install 'kue[web]' django a2wsgi
"""
# pyright: basic
# (Django has no types, and a2wsgi's types of ASGI are not Starlette's)

import os
import threading
import urllib.request
from typing import Any
from wsgiref.simple_server import make_server
from wsgiref.util import shift_path_info

from a2wsgi import ASGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

import kue
import kue.web

settings.configure(  # a project has these in its settings.py
    SECRET_KEY="change me", ALLOWED_HOSTS=["127.0.0.1", "localhost"], ROOT_URLCONF=__name__
)


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"a page of the project")


urlpatterns = [path("", home)]
queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))

# A project has the rest in its wsgi.py. Behind a server that forks, such as gunicorn, this must run in each worker:
# without its option --preload.
django_app = get_wsgi_application()
kue_app: Any = ASGIMiddleware(kue.web.app(queue, auth=("ana", "secret")))  # pyright: ignore[reportArgumentType]


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Everything under /kue is for Kue."""
    if f"{environ['PATH_INFO']}/".startswith("/kue/"):
        shift_path_info(environ)  # the prefix moves to SCRIPT_NAME
        return kue_app(environ, start_response)
    return django_app(environ, start_response)


if __name__ == "__main__":
    queue.create("email", {"to": "tj@example.com"}).save()
    server = make_server("127.0.0.1", 0, application)
    threading.Thread(target=server.serve_forever).start()
    address = f"http://127.0.0.1:{server.server_port}"

    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, address, "ana", "secret")
    ana = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
    for where in ("/", "/kue/stats"):
        with ana.open(address + where, timeout=10) as answer:
            print(where, answer.read().decode())

    server.shutdown()
    queue.shutdown(1000)
