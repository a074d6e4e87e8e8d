"""Parquet tables: every column declared once, the same rows as the same bytes."""
