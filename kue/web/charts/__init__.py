"""Charts of what happened: SVG made from a series of numbers, which needs no script. Pure."""
