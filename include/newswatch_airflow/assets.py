"""What the DAGs make and wait for."""

from airflow.sdk import Asset

STORIES = Asset(name="stories", uri="newswatch://stories", extra={"partition": "a story's day"}, group="newswatch")
DAY_TABLES = Asset(name="day_tables", uri="newswatch://tables", extra={"partition": "day"}, group="newswatch")
DIGESTS = Asset(name="digests", uri="newswatch://digests", extra={"partition": "day"}, group="newswatch")
