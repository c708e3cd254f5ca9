"""`kue worker`: serves the handlers of a module in one process or several, until a signal comes."""
