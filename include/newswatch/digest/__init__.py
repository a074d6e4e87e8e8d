"""Digests: a day's tables as something to read, in each format."""
