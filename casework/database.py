"""One engine per process, one transaction per unit of work, on SQLite or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session, sessionmaker

_BUSY_TIMEOUT_SECONDS = 30


def sqlite_url(home: Path) -> str:
    """URL of the default database of a home."""
    return f"sqlite:///{home / 'casework.db'}"


def driver_url(database_url: str) -> URL:
    """`postgresql://` means psycopg 3, the driver that the package installs."""
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def open_engine(database_url: str) -> Engine:
    """An engine whose transactions lock alike on both databases.

    SQLite has no row locks: there every transaction is opened as a writer (BEGIN IMMEDIATE), which is the same
    promise as SELECT FOR UPDATE and costs little, because every look writes an audit row anyway.
    """
    url = driver_url(database_url)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def sessions(engine: Engine) -> sessionmaker[Session]:
    """`with sessions(engine).begin() as session:` is one transaction."""
    return sessionmaker(engine, expire_on_commit=False)
