"""The HTTP API of Kue: its routes, which answer as Node does."""
