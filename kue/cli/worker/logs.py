"""Sets up logging for a worker process if the application has not: to standard error, as text or as JSON lines."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pythonjsonlogger.json import JsonFormatter

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_JSON_FIELDS = ["levelname", "name", "message"]  # besides the time, the exception, and what `extra` adds
_JSON_NAMES = {"levelname": "level", "name": "logger", "exc_info": "exception"}


class LogLevel(StrEnum):
    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


class LogFormat(StrEnum):
    text = "text"
    json = "json"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """The lowest level that is logged, and the form of a record."""

    level: LogLevel = LogLevel.warning
    format: LogFormat = LogFormat.text

    @classmethod
    def of(cls, level: str, format: str) -> Self:
        """The options from their `words`."""
        return cls(LogLevel(level), LogFormat(format))

    @property
    def words(self) -> tuple[str, str]:
        """Both as a command line has them."""
        return self.level.value, self.format.value

    def set_up(self) -> None:
        """Log to standard error, unless the root logger or the logger `kue` has a handler already."""
        if logging.getLogger().handlers or logging.getLogger("kue").handlers:
            return
        handler = logging.StreamHandler()
        if self.format is LogFormat.json:
            handler.setFormatter(JsonFormatter(_JSON_FIELDS, rename_fields=_JSON_NAMES, timestamp=True))
        else:
            handler.setFormatter(logging.Formatter(_TEXT))
        logging.basicConfig(level=self.level.value.upper(), handlers=[handler])
