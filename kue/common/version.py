"""The version of kue. setup.cfg reads it here, and so does a worker, to tell the other processes which one it is."""

VERSION = "0.2.0.dev0"
