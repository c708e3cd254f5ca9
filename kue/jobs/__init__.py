"""Jobs: their options and fields, and how they are saved, found, moved, watched and reported on."""
