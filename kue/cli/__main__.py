"""`python -m kue.cli` is the kue command."""

from kue.cli import main

main()
