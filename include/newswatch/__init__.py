"""Newswatch's core: from a feed on a socket to a digest on disk. Never imports Airflow."""

__version__ = "0.1.0"
