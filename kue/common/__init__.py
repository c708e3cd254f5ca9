"""Small things that every room uses: time, listeners, trouble, waking a thread."""
