"""Tests of kue.web: over real HTTP, and beside the HTTP app of real Kue."""
