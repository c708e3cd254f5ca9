"""Measures this project beside Node Kue and other queues, each in its own processes, on a Redis server of its own."""
