"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

REDIS_HELP = (
    "The address of Redis. Without it: KUE_REDIS_URL, else redis://127.0.0.1:6379. "
    "Give a password by KUE_REDIS_URL: other users of the machine can read the options of a command."
)
PREFIX_HELP = "The prefix of the queue."

RedisUrl = Annotated[str | None, typer.Option(metavar="URL", help=REDIS_HELP)]
Prefix = Annotated[str, typer.Option(help=PREFIX_HELP)]
# As Kue's own program has them.
ShortRedisUrl = Annotated[str | None, typer.Option("--redis", "-r", metavar="URL", help=REDIS_HELP)]
ShortPrefix = Annotated[str, typer.Option("--prefix", "-q", help=PREFIX_HELP)]
