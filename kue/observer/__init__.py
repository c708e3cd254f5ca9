"""Counts the jobs that Node saves and runs, which Node itself does not count, from the events of the queue."""
