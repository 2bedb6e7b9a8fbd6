"""Schema migrations, run from code: no configuration file, the URL is given."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config

from casework.database import open_engine


def upgrade(database_url: str, *, to: str = "head") -> None:
    """Bring the database to the newest schema, or to an earlier revision; does nothing when it is there already."""
    config = Config()
    config.set_main_option("script_location", str(files("casework.migrations")))
    engine = open_engine(database_url)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    finally:
        engine.dispose()
