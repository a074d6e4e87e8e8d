"""Airflow's side of Newswatch: assets, defaults, steps, notices and pages. Imports the core inside functions only."""
