"""`kue worker`: finding the queue, serving it, supervising several processes, signals."""
