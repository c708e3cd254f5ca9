"""The methods `on`, `once`, `off` and `emit` of jobs and queues, as in Kue. Without a function `on` decorates."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Self, TypeVar, overload

from kue.common.describe import short_repr
from kue.common.emitter import CountedListener, Emitter, Listener
from kue.common.names import plain_text
from kue.errors import InvalidOption

_F = TypeVar("_F", bound=Listener)


class Listenable:
    """Base class of what has listeners."""

    @abstractmethod
    def _listeners(self) -> Emitter:
        """The registry. It is made when it is first needed, and made anew when it is finished."""

    @abstractmethod
    def _listened(self, event: str) -> None:
        """A listener was added: make sure that the event reaches this process."""

    def _check_event(self, event: str) -> None:
        """Raise or warn if nothing will ever send an event of this name."""

    def _unlistened(self) -> None:
        """Listeners may have been removed."""

    @overload
    def on(self, event: str) -> Callable[[_F], _F]: ...
    @overload
    def on(self, event: str, listener: CountedListener) -> Self: ...
    @overload
    def on(self, event: str, listener: Listener) -> Self: ...  # type: ignore[overload-cannot-match]
    def on(self, event: str, listener: Listener | None = None) -> Any:
        """Call `listener` at each `event`, with as many arguments as it accepts. Returns this object.

        Without a listener it is a decorator. Raises `InvalidHandler` if the listener cannot be called, `InvalidOption`
        if the event is not a string, or is that of a job and the listener is for a queue (there it is `job complete`),
        and `ConnectionFailed` if events cannot be received. Warns of a name that is almost that of an event of jobs.
        """
        return self._add(event, listener, once=False)

    @overload
    def once(self, event: str) -> Callable[[_F], _F]: ...
    @overload
    def once(self, event: str, listener: CountedListener) -> Self: ...
    @overload
    def once(self, event: str, listener: Listener) -> Self: ...  # type: ignore[overload-cannot-match]
    def once(self, event: str, listener: Listener | None = None) -> Any:
        """Call `listener` at the next `event` only. Otherwise the same as `on`."""
        return self._add(event, listener, once=True)

    def off(self, event: str, listener: Listener | None = None) -> Self:
        """Remove a listener, or all listeners of an event. Returns this object."""
        self._listeners().remove(_read_event(event), listener)
        self._unlistened()
        return self

    def emit(self, event: str, *args: Any) -> bool:
        """Call the listeners that this process has for an event, on this thread. Returns whether there were any.

        Redis is not involved: other processes do not receive the event.
        """
        return self._listeners().emit(_read_event(event), *args)

    def _add(self, event: str, listener: Listener | None, *, once: bool) -> Any:
        event = _read_event(event)
        if listener is None:

            def decorate(function: _F) -> _F:
                self._add(event, function, once=once)
                return function

            return decorate
        self._check_event(event)
        while not self._listeners().add(event, listener, once=once):
            pass  # another thread finished this registry just now; the next one is new
        try:
            self._listened(event)
        except BaseException:
            self._listeners().remove(event, listener)  # a caller that tries again would add it twice
            raise
        return self


def _read_event(event: object) -> str:
    if not isinstance(event, str) or not event:
        raise InvalidOption(f"event must be a non-empty string, not {short_repr(event)}")
    return plain_text(event)
