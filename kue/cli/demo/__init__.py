"""`kue demo`: runs a realistic mix of jobs, shows them as they run, and checks each of them at the end."""
