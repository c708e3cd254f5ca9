"""The I/O thread of the workers: what it sends, keeps, waits for."""
