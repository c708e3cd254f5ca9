"""Kue's API under a prefix of a Django project, served by ASGI, for the users that are staff in Django.

To install: pip install 'kue[web]' django
"""
# pyright: basic
# (Django has no types)

import os
import socket
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from importlib import import_module

import django
import uvicorn
from django.conf import settings
from django.contrib.auth import authenticate, get_user, login
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.urls import path
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

import kue
import kue.web

folder = tempfile.TemporaryDirectory()
settings.configure(  # a project has these in its settings.py
    SECRET_KEY="change me",
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder.name}/users"}},
)
django.setup()


def log_in(request: HttpRequest) -> HttpResponse:
    login(request, authenticate(request, username=request.POST["user"], password=request.POST["password"]))
    return HttpResponse(b"a page of the project")


urlpatterns = [path("login", log_in)]
queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))


def staff_only(request: Request) -> bool:
    """Find out by Django's session who sends a request that Django itself does not see."""
    try:
        asked = HttpRequest()
        sessions = import_module(settings.SESSION_ENGINE)
        key = request.cookies.get(settings.SESSION_COOKIE_NAME)
        asked.session = sessions.SessionStore(key)  # pyright: ignore[reportAttributeAccessIssue]
        return bool(getattr(get_user(asked), "is_staff", False))
    finally:
        close_old_connections()


# A project has this in its asgi.py.
kue_app = kue.web.app(queue, auth=staff_only)
application = Starlette(routes=[Mount("/kue", app=kue_app), Mount("/", app=get_asgi_application())])


def make_users() -> None:
    from django.contrib.auth.models import User

    call_command("migrate", verbosity=0)
    User.objects.create_user("ana", password="secret", is_staff=True)
    User.objects.create_user("bob", password="secret")


if __name__ == "__main__":
    make_users()
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"

    for name in ("ana", "bob"):
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        form = urllib.parse.urlencode({"user": name, "password": "secret"}).encode()
        browser.open(f"{address}/login", data=form, timeout=10).close()
        try:
            with browser.open(f"{address}/kue/stats", timeout=10) as answer:
                print(name, "sees", answer.read().decode())
        except urllib.error.HTTPError as refused:
            print(name, "is refused with status", refused.code)

    server.should_exit = True
    queue.shutdown(1000)  # ends the live streams, which the server waits for
    thread.join()
