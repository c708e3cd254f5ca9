"""Keeps the listeners of one job or queue, and calls each with as many arguments as it accepts, as in Node.

If a listener raises, `on_error` gets the exception and the other listeners still run. A context variable that a
listener sets is seen by no other listener, nor by the code that emits. pyee keeps the registry.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from pyee import EventEmitter

from kue.common.describe import short_repr
from kue.common.signature import signature
from kue.errors import InvalidHandler

Listener = Callable[..., Any]
# From the number of arguments, a type checker knows the parameters of a lambda. It would not with `...` among these.
CountedListener = Callable[[], Any] | Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any]


class _Registry(EventEmitter):
    """A signal handler may use it even if the thread that it interrupted holds the lock of pyee."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()  # type: ignore[assignment]


class Emitter:
    """The listeners of one job or queue. Any thread may call."""

    def __init__(self, on_error: Callable[[str, Listener, BaseException], None]) -> None:
        self._lock = threading.RLock()
        self._registry = _Registry()
        self._calls: dict[tuple[str, object], list[Listener]] = {}
        self._on_error = on_error
        self.finished = False

    def add(self, event: str, listener: Listener, *, once: bool = False) -> bool:
        """Register a listener; False if `finish` was called before. Raises `InvalidHandler` if it cannot be called."""
        count = _argument_range(listener)
        key = _key(listener)

        def call(*args: Any) -> None:
            if once and not self._discard(event, key, call):
                return
            try:
                copy_context().run(listener, *_fit(args, count))
            except KeyboardInterrupt:
                raise
            except BaseException as problem:  # even sys.exit(): the other listeners share the thread
                self._on_error(event, listener, problem)

        with self._lock:
            if not self.finished:
                self._calls.setdefault((event, key), []).append(call)
                self._registry.add_listener(event, call)
            return not self.finished

    def finish(self, event: str | None = None, *args: Any) -> None:
        """Refuse listeners from now on, then emit the last event, if one is given, to those added before."""
        with self._lock:
            self.finished = True
        if event is not None:
            self.emit(event, *args)

    def finish_if_unused(self) -> bool:
        """Refuse listeners from now on if there are none. Returns whether that was so, and new."""
        with self._lock:
            if self.finished or self._calls:
                return False
            self.finished = True
            return True

    @property
    def is_unused(self) -> bool:
        """Whether there is no listener."""
        return not self._calls

    def remove(self, event: str, listener: Listener | None = None) -> None:
        """Remove one listener, or all of an event. A listener that is not registered is ignored."""
        wanted = None if listener is None else _key(listener)
        for entry in [key for key in list(self._calls) if key[0] == event and (wanted is None or wanted == key[1])]:
            calls = self._calls.get(entry, [])
            for call in calls[:] if listener is None else calls[-1:]:
                self._discard(*entry, call)

    def _discard(self, event: str, key: object, call: Listener) -> bool:
        """Remove one registration of a listener; False if it was removed before."""
        with self._lock:
            calls = self._calls.get((event, key), [])
            if call not in calls:
                return False
            calls.remove(call)
            if not calls:
                del self._calls[event, key]
            self._registry.remove_listener(event, call)
        return True

    def emit(self, event: str, *args: Any) -> bool:
        """Call the listeners of an event in the order in which they were added. Returns whether there were any."""
        if not self._registry.listeners(event):
            return False
        return self._registry.emit(event, *args)

    def after_fork(self) -> None:
        """In a forked child: make new locks and a new registry, since a thread of the parent may have held a lock."""
        self._lock = threading.RLock()
        self._registry = _Registry()
        for (event, _), calls in self._calls.items():
            for call in calls:
                self._registry.add_listener(event, call)

    def has(self, event: str) -> bool:
        return bool(self._registry.listeners(event))

    def events(self) -> set[str]:
        """The events that have listeners."""
        return {event for event, _ in list(self._calls)}


class _ByIdentity:
    """The key of a listener that has no hash: equal only to a key of the same object."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __hash__(self) -> int:
        return id(self._listener)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other._listener is self._listener


def _key(listener: Listener) -> object:
    try:
        hash(listener)
    except Exception:
        return _ByIdentity(listener)
    return listener


def _argument_range(listener: Listener) -> tuple[int, int | None]:
    """The fewest and the most positional arguments that a listener takes; None: any number."""
    if not callable(listener):
        raise InvalidHandler(f"a listener must be callable, not {short_repr(listener)}")
    if inspect.iscoroutinefunction(listener):
        raise InvalidHandler(f"a listener must be a plain function, not the coroutine function {short_repr(listener)}")
    try:
        parameters = signature(listener).parameters.values()
    except (TypeError, ValueError):
        return 0, None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    fewest = sum(p.default is p.empty for p in positional)
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        raise InvalidHandler(f"a listener cannot need keyword arguments: {short_repr(listener)}")
    return fewest, None if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(positional)


def _fit(args: tuple[Any, ...], count: tuple[int, int | None]) -> tuple[Any, ...]:
    fewest, most = count
    if len(args) < fewest:
        return args + (None,) * (fewest - len(args))
    return args if most is None else args[:most]
