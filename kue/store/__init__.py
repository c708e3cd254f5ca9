"""The only room that speaks to Redis about jobs: keys, codecs, connections, scripts and queries."""
