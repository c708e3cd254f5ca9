"""`kue worker`: one process or several, until a signal."""
