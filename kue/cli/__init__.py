"""The kue command. It needs the packages of the extra `cli`: `pip install 'kue[cli]'`."""

from __future__ import annotations

import sys

_PACKAGES_OF_THE_EXTRA = {"typer", "rich", "click"}


def main() -> None:
    """The entry point of `kue` and of `python -m kue`."""
    _run(sys.argv[1:])


def dashboard_main() -> None:
    """The entry point of `kue-dashboard`, another name for `kue dashboard`."""
    _run(["dashboard", *sys.argv[1:]])


def _run(arguments: list[str]) -> None:
    try:
        from kue.cli.app import run
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in _PACKAGES_OF_THE_EXTRA:
            raise
        print(f"kue: the command line needs {package}: pip install 'kue[cli]'", file=sys.stderr)
        sys.exit(1)
    run(arguments)
