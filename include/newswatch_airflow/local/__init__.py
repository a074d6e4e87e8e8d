"""`make run`: Airflow and all it needs, on one machine."""
