"""`python -m newswatch_airflow.roles`: the roles of a server for several people, and its first login.

For Airflow's FAB auth manager, which keeps roles and users in Airflow's database; run whenever a server starts. The
roles `Editor` and `Reader` are put to what is written here each time; other roles, and all users but `admin`, are left.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from newswatch_airflow.ids import PAGES_RESOURCE

Permission = tuple[str, str]  # action, resource

ADMIN, EDITOR, READER = "Admin", "Editor", "Reader"  # the first is Airflow's own, which may do everything
FIRST_LOGIN = "admin"
PASSWORD_FILE = "ADMIN_PASSWORD_FILE"  # noqa: S105 - names the variable
READER_MAY: frozenset[Permission] = frozenset(
    {
        ("can_read", PAGES_RESOURCE),
        ("can_read", "Plugins"),  # by which Airflow's menu has an entry for the pages
        ("can_read", "Website"),
        ("can_read", "My Password"),
        ("can_edit", "My Password"),
        ("can_read", "My Profile"),
        ("can_edit", "My Profile"),
    }
)
BACKFILLS: frozenset[Permission] = frozenset({("can_create", "Backfills"), ("can_edit", "Backfills")})


def editor_may() -> frozenset[Permission]:
    """What a reader may, and what Airflow lets its own users do: see, start, clear and stop runs; delete nothing."""
    from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride as Fab

    airflow_user = frozenset([*Fab.VIEWER_PERMISSIONS, *Fab.USER_PERMISSIONS])
    kept = frozenset(one for one in airflow_user if one[0] != "can_delete")
    return READER_MAY | kept | BACKFILLS | {("can_edit", PAGES_RESOURCE)}


def put_role(manager: Any, name: str, wanted: Iterable[Permission]) -> None:
    """Give FAB's role these permissions and no others; it is made where there is none."""
    role = manager.find_role(name) or manager.add_role(name)
    kept = [manager.create_permission(action, resource) for action, resource in sorted(wanted)]
    for permission in [one for one in role.permissions if one not in kept]:
        manager.remove_permission_from_role(role, permission)
    for permission in kept:
        manager.add_permission_to_role(role, permission)


def put_first_login(manager: Any, password: str) -> None:
    """Make the login `admin`, or let it have this password from now on. Raises ValueError where that cannot be."""
    if len(password) < 8:
        raise ValueError(f"the password of {FIRST_LOGIN} ({PASSWORD_FILE}) is shorter than eight characters")
    user = manager.find_user(username=FIRST_LOGIN)
    if user is None:
        role = manager.find_role(ADMIN)
        names = {"first_name": "Newswatch", "last_name": FIRST_LOGIN, "email": f"{FIRST_LOGIN}@localhost"}
        if not manager.add_user(FIRST_LOGIN, **names, role=role, password=password):
            raise ValueError(f"the login {FIRST_LOGIN} cannot be made: Airflow's log above says why")
    elif not manager.check_password(FIRST_LOGIN, password):
        manager.reset_password(user.id, password)


def main() -> None:
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    password = Path(os.environ[PASSWORD_FILE]).read_text(encoding="utf-8").strip()
    with get_application_builder() as builder:
        manager = builder.sm
        put_role(manager, EDITOR, editor_may())
        put_role(manager, READER, READER_MAY)
        manager.sync_roles()  # Airflow's own, of which Admin has every permission that is known by now
        try:
            put_first_login(manager, password)
        except ValueError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
