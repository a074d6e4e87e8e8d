"""`python -m newswatch_airflow.server_setup`: what a server needs beside migrated databases; again changes nothing.

The ledger's database beside Airflow's, where there is none, and roles and the first login of FAB's auth manager.
"""

from __future__ import annotations

from airflow.configuration import conf

from newswatch.storage import embedded_postgres
from newswatch_airflow import roles


def main() -> None:
    url = conf.get_mandatory_value("database", "sql_alchemy_conn")
    embedded_postgres.database(url, embedded_postgres.LEDGER_DATABASE)
    roles.main()


if __name__ == "__main__":
    main()
