"""Delivery of digests, and notices of bad feeds."""
