"""The options of a queue and of a job, a table for each, and the checks of single values."""
