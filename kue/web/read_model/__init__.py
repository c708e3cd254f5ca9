"""What pages, `/api/v1` and the live stream show: read without writing, and without an error for broken data."""
