"""The programs of the measured processes: one driver for each queue system, all with the same requests."""
