"""Receives events: the subscription to Kue's channel, the routing of its messages, and the listeners' thread."""
