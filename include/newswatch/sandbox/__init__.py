"""Parsers in processes that can be killed."""
