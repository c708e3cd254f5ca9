"""The live stream: reads once a second what clients follow, and sends each what changed."""
