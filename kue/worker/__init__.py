"""Runs jobs: slots for each type, one I/O thread for all Redis traffic, threads and an event loop for the handlers."""
