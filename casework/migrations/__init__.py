"""Schema migrations, run from code: no configuration file, the URL is given."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import event

from casework.database import open_engine


def upgrade(database_url: str, *, to: str = "head") -> None:
    """Bring the database to the newest schema, or to an earlier revision; does nothing when it is there already.

    SQLite changes a key only by building the table anew, so what refers to a table must bear that it is gone meanwhile.
    """
    config = Config()
    config.set_main_option("script_location", str(files("casework.migrations")))
    engine = open_engine(database_url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _leave_references_unchecked)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    finally:
        engine.dispose()


def _leave_references_unchecked(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")  # inside a transaction it would have no effect
