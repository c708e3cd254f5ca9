"""`kue demo`: a realistic mix of jobs, run before one's eyes, and judged one by one at the end."""
