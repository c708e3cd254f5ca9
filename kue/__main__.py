"""`python -m kue` is the `kue` command."""

from kue.cli import main

main()
