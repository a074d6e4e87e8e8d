"""Feeds: a document's entries, when a feed is polled, what its polls cover."""
