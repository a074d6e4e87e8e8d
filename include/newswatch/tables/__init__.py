"""Parquet tables: every column is declared once, and the same rows give the same bytes."""
