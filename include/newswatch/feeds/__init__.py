"""Feeds (RSS, RDF, Atom, news sitemaps): finding and parsing them, their polling schedule, coverage and health."""
