"""Recurring jobs: when they are due, what Redis holds of them, and the object that users have of one."""
