"""Small things that every package uses: time, listeners, timers, reports of problems, waking a thread."""
