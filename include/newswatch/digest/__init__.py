"""Digests: a day's tables as a report to read: its content, its charts, and HTML, Markdown, CSV, JSON and RSS."""
