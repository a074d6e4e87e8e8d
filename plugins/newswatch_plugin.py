"""What Airflow's UI and scheduler mount. Every task process runs this file: nothing heavy at the top."""

from airflow.plugins_manager import AirflowPlugin

from newswatch_airflow.ids import PAGES


class NewswatchPlugin(AirflowPlugin):
    name = "newswatch"
    external_views = [  # noqa: RUF012 - Airflow reads it as a class attribute
        {
            "name": "Newswatch",
            "href": f"{PAGES.removeprefix('/')}/",
            "destination": "nav",
            "url_route": "newswatch",
            "nav_top_level": True,
        },
        {
            "name": "Digest",
            "href": f"{PAGES.removeprefix('/')}/run/{{DAG_ID}}/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "newswatch-digest",
        },
    ]

    @property
    def fastapi_apps(self):
        from newswatch_airflow.ui.app import create_app

        return [{"app": create_app(), "url_prefix": PAGES, "name": "Newswatch"}]

    @property
    def listeners(self):
        from newswatch_airflow import pools, run_notes

        return [pools, run_notes]

    @property
    def timetables(self):
        from newswatch_airflow.timetables import DayAfterTimetable

        return [DayAfterTimetable]
