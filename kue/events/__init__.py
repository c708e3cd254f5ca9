"""Who hears what: the subscription to Kue's channel, the routing of its messages, and the thread of the listeners."""
