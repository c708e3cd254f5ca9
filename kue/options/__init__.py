"""What can be set on a queue and on a job: the checks of values, and one table for each of the two."""
