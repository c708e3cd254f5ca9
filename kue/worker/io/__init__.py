"""The I/O thread of the workers: what it sends, keeps for later, and waits for."""
