"""The forms that a handler can have: its required parameters decide."""

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from kue.errors import InvalidHandler, InvalidOption
from kue.worker.handler import Handler
from tests.helpers import named


def job_only(job: Any) -> None: ...
def with_done(job: Any, done: Any) -> None: ...
def with_ctx(job: Any, ctx: Any, done: Any) -> None: ...
def with_callback(email: Any, callback: Any) -> None: ...
def with_cb(job: Any, _context: Any, cb: Any) -> None: ...
def with_fn(job: Any, _ctx: Any, fn: Any) -> None: ...
def with_next(job: Any, next: Any) -> None: ...
def with_default(job: Any, retries: int = 3) -> None: ...
def with_defaults(job: Any, done: Any, a: int = 1, *, b: int = 2) -> None: ...
def with_rest(job: Any, *rest: Any, **more: Any) -> None: ...
def positional(job: Any, done: Any, /) -> None: ...
async def coroutine(job: Any) -> None: ...
async def coroutine_with_done(job: Any, done: Any) -> None: ...
async def coroutine_with_ctx(job: Any, ctx: Any, done: Any) -> None: ...


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def passing_on(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(job: Any, *args: Any) -> Any:
        return function(job, *args)

    return wrapper


def injecting(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(job: Any) -> Any:
        return function("database", job)

    return wrapper


def injecting_in_coroutine(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(job: Any, done: Any) -> Any:
        return function("database", job, done)

    return wrapper


class Methods:
    def method(self, job: Any) -> None: ...
    def method_with_done(self, job: Any, done: Any) -> None: ...
    async def coroutine(self, job: Any) -> None: ...

    @classmethod
    def of_class(cls, job: Any) -> None: ...

    @staticmethod
    def static(job: Any, done: Any) -> None: ...


class Callable_:
    def __call__(self, job: Any, ctx: Any, done: Any) -> None: ...


class AsyncCallable:
    async def __call__(self, job: Any) -> None: ...


class Constructor:
    def __init__(self, job: Any, done: Any) -> None: ...


FORMS = [
    (job_only, 1, False),
    (with_done, 2, False),
    (with_ctx, 3, False),
    (with_callback, 2, False),
    (with_cb, 3, False),
    (with_fn, 3, False),
    (with_next, 2, False),
    (lambda job, _done: None, 2, False),
    (with_default, 1, False),
    (with_defaults, 2, False),
    (with_rest, 1, False),
    (positional, 2, False),
    (coroutine, 1, True),
    (coroutine_with_done, 2, True),
    (coroutine_with_ctx, 3, True),
    (lambda job: None, 1, False),
    (lambda job, done: None, 2, False),
    (wrapped(with_done), 2, False),
    (passing_on(with_done), 2, False),
    (injecting(with_done), 1, False),
    (wrapped(injecting(with_done)), 1, False),
    (injecting_in_coroutine(with_ctx), 2, True),
    (functools.lru_cache(with_done), 2, False),
    (Methods().method, 1, False),
    (Methods().method_with_done, 2, False),
    (Methods().coroutine, 1, True),
    (Methods.of_class, 1, False),
    (Methods.static, 2, False),
    (Callable_(), 3, False),
    (AsyncCallable(), 1, True),
    (Constructor, 2, False),
    (functools.partial(with_done, "job"), 1, False),
    (functools.partial(with_ctx, ctx=1, done=2), 1, False),
    (functools.partial(coroutine_with_done, "job"), 1, True),
    (functools.partial(functools.partial(coroutine_with_ctx, 1), 2), 1, True),
    (functools.partial(AsyncCallable()), 1, True),
    (len, 1, False),
]


@pytest.mark.parametrize(("function", "parameters", "is_async"), FORMS)
def test_the_required_parameters_of_a_handler_decide_its_form(
    function: Callable[..., Any], parameters: int, is_async: bool
) -> None:
    handler = Handler(function)
    assert handler.function is function
    assert (handler.takes_done, handler.takes_context) == (parameters >= 2, parameters == 3)
    assert handler.is_async is is_async


class Unreadable:
    __signature__ = "of nothing"


def none() -> None: ...
def four(a: Any, b: Any, c: Any, d: Any) -> None: ...
def defaults_only(job: Any = None) -> None: ...
def rest_only(*args: Any) -> None: ...
def needs_keywords(job: Any, *, key: Any, other: Any) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (none, "a handler takes (job), (job, done) or (job, ctx, done); none has 0 parameters without defaults"),
        (four, "a handler takes (job), (job, done) or (job, ctx, done); four has 4 parameters without defaults"),
        (defaults_only, "; defaults_only has 0 parameters without defaults"),
        (rest_only, "; rest_only has 0 parameters without defaults"),
        (needs_keywords, "; needs_keywords needs the keywords key, other"),
        (Methods.method, "; Methods.method takes (self, job), and the last of these must be called done or callback"),
        (
            Methods.method_with_done,
            "; Methods.method_with_done takes (self, job, done), and the middle of these must be ",
        ),
        (functools.partial(job_only, 1), " has 0 parameters without defaults"),
        (functools.partial(with_ctx, ctx=1), "needs the keywords done"),
        (Unreadable, "the parameters of the handler Unreadable cannot be read: "),
        (5, "a handler must be a function of (job), (job, done) or (job, ctx, done), not 5"),
        ("send", "a handler must be a function of (job), (job, done) or (job, ctx, done), not 'send'"),
        (asyncio, "a handler must be a function of "),
    ],
    ids=named,
)
def test_a_function_that_cannot_be_called_as_a_handler_is_refused_by_name(function: Any, message: str) -> None:
    with pytest.raises(InvalidHandler) as refused:
        Handler(function)
    assert message in str(refused.value)
    assert isinstance(refused.value, TypeError)
    assert not isinstance(refused.value, InvalidOption)


def job_and_data(job: Any, data: Any) -> None: ...
def kickq(job: Any, data: Any, cb: Any) -> None: ...
def callback_in_the_middle(job: Any, done: Any, ctx: Any) -> None: ...
async def in_coroutine(job: Any, session: Any) -> None: ...


@pytest.mark.parametrize(
    ("function", "place", "allowed"),
    [
        (job_and_data, "last", "done or callback or cb or fn or next"),
        (in_coroutine, "last", "done or callback or cb or fn or next"),
        (wrapped(job_and_data), "last", "done or callback or cb or fn or next"),
        (callback_in_the_middle, "last", "done or callback or cb or fn or next"),
        (kickq, "middle", "ctx or context"),
    ],
    ids=named,
)
def test_a_parameter_that_is_no_callback_and_no_context_is_refused_by_its_name(
    function: Any, place: str, allowed: str
) -> None:
    with pytest.raises(InvalidHandler) as refused:
        Handler(function)
    taken = ", ".join(inspect.signature(function).parameters)
    assert str(refused.value) == (
        f"a handler takes (job), (job, done) or (job, ctx, done); {function.__name__} takes ({taken}), and the {place} "
        f"of these must be called {allowed}: read the data as job.data, and give other parameters a default"
    )
