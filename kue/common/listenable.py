"""`on`, `once` and `off` as jobs and queues have them: they chain, and without a function they decorate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self, TypeVar, overload

from kue.common.describe import short_repr
from kue.common.emitter import Emitter, Listener
from kue.errors import InvalidOption

_F = TypeVar("_F", bound=Listener)


class Listenable(ABC):
    """Something with listeners."""

    @abstractmethod
    def _listeners(self) -> Emitter:
        """The registry, made when it is first needed, and anew when it is finished."""

    @abstractmethod
    def _listened(self, event: str) -> None:
        """A listener was added."""

    @overload
    def on(self, event: str) -> Callable[[_F], _F]: ...
    @overload
    def on(self, event: str, listener: Listener) -> Self: ...
    def on(self, event: str, listener: Listener | None = None) -> Any:
        """Call `listener` at each event, with as many arguments as it accepts. Raises `InvalidHandler`."""
        return self._add(event, listener, once=False)

    @overload
    def once(self, event: str) -> Callable[[_F], _F]: ...
    @overload
    def once(self, event: str, listener: Listener) -> Self: ...
    def once(self, event: str, listener: Listener | None = None) -> Any:
        """Call `listener` at the next event only. Raises `InvalidHandler`."""
        return self._add(event, listener, once=True)

    def off(self, event: str, listener: Listener | None = None) -> Self:
        """Forget a listener, or all listeners of an event."""
        self._listeners().remove(event, listener)
        return self

    def emit(self, event: str, *args: Any) -> bool:
        """Call the listeners of this process, here and now; whether there were any."""
        return self._listeners().emit(event, *args)

    def _add(self, event: str, listener: Listener | None, *, once: bool) -> Any:
        if not isinstance(event, str) or not event:
            raise InvalidOption(f"event must be a non-empty string, not {short_repr(event)}")
        if listener is None:

            def decorate(function: _F) -> _F:
                self._add(event, function, once=once)
                return function

            return decorate
        while not self._listeners().add(event, listener, once=once):
            pass  # it was finished just now
        try:
            self._listened(event)
        except BaseException:
            self._listeners().remove(event, listener)  # whoever tries again would be called twice
            raise
        return self
