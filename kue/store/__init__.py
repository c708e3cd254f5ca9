"""Jobs in Redis. No other package spells a key or a command: those are in here, with the scripts and the codecs."""
