"""Measures this project beside Node Kue and other queues, each in processes of its own, on a Redis of its own."""
