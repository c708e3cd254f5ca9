"""A job: its options and fields, how it is saved, found and watched, and what the jobs of one queue share."""
